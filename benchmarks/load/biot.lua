-- One session, paused and made active in turn.
local paused = false
function request()
  paused = not paused
  local body = paused and '{"_state":"PAUSED"}' or '{"_state":"ACTIVE"}'
  return wrk.format("PATCH", "/device/v1/devices/device-01/usage-sessions/3fa85f64-5717-4562-b3fc-2c963f66afa6",
    {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. TOKEN}, body)
end
