-- The seed's own request with a fresh Index.
local text = BODY_XML
function request()
  return wrk.format("POST", "/api/v1/workstation/session/end", {["Content-Type"] = "application/xml"},
    (text:gsub("<Index>283</Index>", "<Index>" .. RUN .. "-" .. fresh() .. "</Index>", 1)))
end
