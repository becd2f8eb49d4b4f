-- One connection and one key a thread: every answer of 429, 429, 200 in order, or it is counted as bad.
local threads = {}
function setup(thread)
  thread:set("id", #threads)
  threads[#threads + 1] = thread
end
function init(args)
  wrk.headers["x-key"] = args[1] .. "-" .. id
  count, bad = 0, 0
end
function response(status)
  local expected = count % 3 == 2 and 200 or 429
  if status ~= expected then bad = bad + 1 end
  count = count + 1
end
function done(summary, latency)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("bad") end
  io.write(string.format("RESULT %.1f %d %d\n", summary.requests / summary.duration * 1e6, wrong,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
