-- Appended to every load: fresh numbers per thread, and one line of results.
local threads = 0
function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

local count = 0
function fresh()
  count = count + 1
  return id * 100000000 + count
end

function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %.3f %.3f\n", summary.requests, summary.duration,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
