-- For wrk: plays requests that were made ahead, one after the other and again from the first, from the
-- file that the first argument names. There, each has its length on a line before it.
local requests, count, at = {}, 0, 0

function request()
  at = at % count + 1
  return requests[at]
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local length = file:read("*l")
  while length do
    count = count + 1
    requests[count] = file:read(tonumber(length))
    length = file:read("*l")
  end
  file:close()
  if count == 1 then
    -- Without a function `request`, wrk asks for the bytes once. With one, it would ask anew whenever the socket
    -- takes nothing of a request yet; of a large one, OpenSSL may have sent some by then.
    request = nil
    wrk.format = function() return requests[1] end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("\nversus %d %d %d %d %d %d\n", summary.requests, errors.status, errors.connect,
    errors.read, errors.write, errors.timeout))
end
