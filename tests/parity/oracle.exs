# The delays of tinkex, written after its documentation and run on the real BEAM, as a second opinion on our laws:
# what round, trunc, min, max and an overflowing power really do there.
# Reads a file of lines "law base cap jitter n k", where k / 2^53 is the random number, and writes one with a line of ms
# for each, or "raise".
defmodule Oracle do
  defp grown(base, cap, n), do: min(base * :math.pow(2.0, n), cap)

  def delay("handler", base, cap, jitter, n, u) do
    nominal = grown(base, cap, n)
    if jitter > 0, do: round(min(max(nominal + nominal * jitter * (2 * u - 1), 0), cap)), else: round(nominal)
  end

  def delay("handler-legacy", base, cap, jitter, n, u), do: round(grown(base, cap, n) * jitter * u)
  def delay("http-legacy", base, cap, _, n, u), do: round(min(base * :math.pow(2.0, n) * u, cap))
  def delay("http", base, cap, jitter, n, u), do: round(grown(base, cap, n) * (1 - jitter + jitter * u))

  def delay("semaphore", base, cap, jitter, n, u) do
    trunc(min(trunc(base * :math.pow(2, min(n, 20))), cap) * (1 - jitter + jitter * u))
  end

  def delay("reporter", base, _, jitter, n, u) do
    nominal = base * :math.pow(2, n)
    round(nominal + max(1, ceil(u * round(jitter * nominal))))
  end

  def answer(line) do
    [law, base, cap, jitter, n, k] = :binary.split(line, " ", [:global])
    int = &String.to_integer/1
    delay(law, int.(base), int.(cap), String.to_float(jitter), int.(n), int.(k) / 9_007_199_254_740_992)
  rescue
    ArithmeticError -> "raise"
  end
end

[questions, answers] = System.argv()

File.read!(questions)
|> String.split("\n", trim: true)
|> Enum.map(&[to_string(Oracle.answer(&1)), "\n"])
|> then(&File.write!(answers, &1))
