-- The seed's own request with a fresh Index.
local text = BODY_JSON
function request()
  return wrk.format("POST", "/api/v1/workstation/session/end", {["Content-Type"] = "application/json"},
    (text:gsub('"Index": "283"', '"Index": "' .. RUN .. "-" .. fresh() .. '"', 1)))
end
