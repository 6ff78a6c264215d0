-- A new session each time: a fresh LogInTime (ticks of 100 ns) and a fresh mileage.
function request()
  local n = fresh()
  local body = string.format(
    '{"UserID":"7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f","Vehicle":null,"LogInType":"Driver","LogInTime":"%s.%07d","StartMileage":%d}',
    RUN_TIME, n % 10000000, n)
  return wrk.format("POST", "/sites/acme/api/userSession/post",
    {["Content-Type"] = "application/json", ["Authorization"] = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}, body)
end
