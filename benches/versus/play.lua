-- For wrk: plays requests that were made ahead, one after the other and again from the first, from the
-- file that the first argument names. There, each has its length on a line before it.
local requests, count, at = {}, 0, 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local length = file:read("*l")
  while length do
    count = count + 1
    requests[count] = file:read(tonumber(length))
    length = file:read("*l")
  end
  file:close()
end

function request()
  at = at % count + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("\nversus %d %d %d %d %d %d\n", summary.requests, errors.status, errors.connect,
    errors.read, errors.write, errors.timeout))
end
