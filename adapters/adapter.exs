# Lets retryspec drive an Elixir client. It works as it is:
#     retryspec smoke -- elixir adapter.exs
# In a Mix project: mix compile, then retryspec smoke -- mix run adapter.exs
# What an adapter is told and what it answers: docs/adapters.md of retryspec.
defmodule Client do
  # ---- YOUR CLIENT ----------------------------------------------------------
  # Stands for one client of your SDK: new/1 makes it, call/4 makes one logical
  # call with all its retries and gives {:ok, status, body} or {:error, reason}.
  # Replace the loop by one call of your SDK. body is nil for GET; the process
  # is killed when the caller loses patience.
  def new(read_timeout), do: %{timeout: if(read_timeout > 0, do: ceil(read_timeout), else: 60_000)}

  def call(client, method, path, body, attempt \\ 0) do
    {result, retry_after} = attempt(client, method, path, body)

    case result do
      {:ok, status, _} when status < 500 and status not in [408, 429] ->
        result

      _ when attempt == 4 ->
        result

      _ ->
        Process.sleep(retry_after || 500 * 2 ** attempt)
        call(client, method, path, body, attempt + 1)
    end
  end

  # One request over a bare socket, so that nothing below retries: :httpc sends
  # again by itself after a 503 with Retry-After.
  defp attempt(client, method, path, body) do
    %URI{host: host, port: port} = URI.parse(System.fetch_env!("RETRYSPEC_BASE_URL"))
    content = if body, do: "Content-Type: application/json\r\nContent-Length: #{byte_size(body)}\r\n"
    head = "#{method} #{path} HTTP/1.1\r\nHost: #{host}:#{port}\r\nConnection: close\r\n#{content}\r\n"
    options = [:binary, active: false, packet: :http_bin]

    with {:ok, socket} <- :gen_tcp.connect(to_charlist(host), port, options, client.timeout),
         :ok <- :gen_tcp.send(socket, [head, body || ""]),
         {:ok, {:http_response, _, status, _}} <- :gen_tcp.recv(socket, 0, client.timeout),
         {:ok, headers} <- headers(socket, client.timeout, %{}),
         {:ok, reply} <- body(socket, method, headers, client.timeout) do
      :gen_tcp.close(socket)
      {{:ok, status, reply}, retry_after(headers["retry-after"])}
    else
      {:error, reason} -> {{:error, inspect(reason)}, nil}
      {:ok, packet} -> {{:error, "no HTTP: #{inspect(packet)}"}, nil}
    end
  end

  defp headers(socket, timeout, found) do
    case :gen_tcp.recv(socket, 0, timeout) do
      {:ok, {:http_header, _, name, _, value}} ->
        headers(socket, timeout, Map.put(found, String.downcase(to_string(name)), value))

      {:ok, :http_eoh} ->
        {:ok, found}

      {:ok, packet} ->
        {:error, packet}

      error ->
        error
    end
  end

  defp body(_socket, "HEAD", _headers, _timeout), do: {:ok, ""}

  defp body(socket, _method, %{"content-length" => size}, timeout),
    do: bytes(socket, String.to_integer(size), timeout)

  defp body(socket, _method, %{"transfer-encoding" => _}, timeout), do: chunks(socket, timeout, "")
  defp body(socket, _method, _headers, timeout), do: to_the_end(socket, timeout, "")

  defp bytes(_socket, 0, _timeout), do: {:ok, ""}

  defp bytes(socket, size, timeout) do
    :inet.setopts(socket, packet: :raw)
    :gen_tcp.recv(socket, size, timeout)
  end

  defp chunks(socket, timeout, found) do
    :inet.setopts(socket, packet: :line)

    with {:ok, line} <- :gen_tcp.recv(socket, 0, timeout),
         {size, "\r\n"} when size > 0 <- Integer.parse(line, 16),
         {:ok, chunk} <- bytes(socket, size + 2, timeout) do
      chunks(socket, timeout, found <> binary_part(chunk, 0, size))
    else
      {0, _} -> {:ok, found}
      {:error, reason} -> {:error, reason}
      _ -> {:error, "no chunk"}
    end
  end

  defp to_the_end(socket, timeout, found) do
    :inet.setopts(socket, packet: :raw)

    case :gen_tcp.recv(socket, 0, timeout) do
      {:ok, part} -> to_the_end(socket, timeout, found <> part)
      {:error, :closed} -> {:ok, found}
      error -> error
    end
  end

  defp retry_after(value) do
    case Integer.parse(value || "") do
      {seconds, ""} when seconds >= 0 -> 1000 * seconds
      _ -> nil
    end
  end

  # ---------------------------------------------------------------------------
end

defmodule Adapter do
  # A value of the plan, such as plan("METHOD").
  defp plan(key), do: System.fetch_env!("RETRYSPEC_PLAN_" <> key)
  defp count(key), do: String.to_integer(plan(key))

  defp ms(key) do
    {value, ""} = Float.parse(plan(key))
    value
  end

  # One call; its answer is one line of results.
  defp run_call(client, token) do
    # The token tells retryspec which call a request belongs to. GET has no body.
    {method, path} = {plan("METHOD"), plan("PATH")}
    joint = if String.contains?(path, "?"), do: "&", else: "?"

    {path, body} =
      if method in ["GET", "HEAD", "DELETE"],
        do: {path <> joint <> "token=" <> token, nil},
        else: {path, String.replace(plan("PAYLOAD"), "<token>", token)}

    task = Task.async(fn -> Client.call(client, method, path, body) end)
    patience = if ms("GIVE_UP_MS") > 0, do: ceil(ms("GIVE_UP_MS")), else: :infinity

    case Task.yield(task, patience) || Task.shutdown(task, :brutal_kill) do
      {:ok, {:ok, status, data}} when status < 400 -> line(token, "ok", status, "", data)
      {:ok, {:ok, status, data}} -> line(token, "error", status, "HTTP #{status}", data)
      {:ok, {:error, reason}} -> line(token, "error", 0, reason, "")
      nil -> line(token, "error", 0, "gave up", "")
    end
  end

  defp line(token, outcome, status, error, data) do
    sha256 = Base.encode16(:crypto.hash(:sha256, data), case: :lower)
    error = String.replace(error, ~r/["\\[:cntrl:]]/, "'")
    ~s({"call":"#{token}","outcome":"#{outcome}","status":#{status},"error":"#{error}","sha256":"#{sha256}"}\n)
  end

  # All calls of one client, CONCURRENCY of them at a time.
  defp run_client(index, results) do
    Process.sleep(round(ms("START_SPREAD_MS") * index / count("CLIENTS")))
    client = Client.new(ms("READ_TIMEOUT_MS"))

    0..(count("CALLS") - 1)
    |> Task.async_stream(
      fn call -> IO.write(results, run_call(client, "rs-#{index}-#{call}")) end,
      max_concurrency: count("CONCURRENCY"),
      ordered: false,
      timeout: :infinity
    )
    |> Stream.run()
  end

  def run do
    # To skip a scenario that your client can't do: say why and exit 77.
    # if System.fetch_env!("RETRYSPEC_SCENARIO") == "body/reset" do
    #   IO.puts(:stderr, "no streaming")
    #   System.halt(77)
    # end
    results = File.open!(System.fetch_env!("RETRYSPEC_RESULTS"), [:append])

    0..(count("CLIENTS") - 1)
    |> Enum.map(fn index -> Task.async(fn -> run_client(index, results) end) end)
    |> Task.await_many(:infinity)
  end
end

if System.get_env("RETRYSPEC_PLAN") do
  Adapter.run()
else
  IO.puts(:stderr, "start me with: retryspec smoke -- elixir adapter.exs")
  System.halt(1)
end
