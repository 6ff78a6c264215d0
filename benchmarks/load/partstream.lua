-- Login and logout in turn.
local open = {}
local envelope = '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" '
  .. 'SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Header>%s</SOAP-ENV:Header>'
  .. '<SOAP-ENV:Body><interfaceparameters>%s</interfaceparameters></SOAP-ENV:Body></SOAP-ENV:Envelope>'
local login = envelope:format("<interfacename>SWServiceLogin</interfacename>",
  "<secure>off</secure><catalog>demo</catalog><serviceuser>demo</serviceuser><password>demo</password>")
function request()
  local session = table.remove(open)
  local body = login
  if session then
    body = envelope:format("<interfacename>SWServiceLogout</interfacename><sessionid>" .. session .. "</sessionid>", "<secure>off</secure>")
  end
  return wrk.format("POST", "/3dpartstream/xml", {["Content-Type"] = "text/xml"}, body)
end
function response(status, headers, body)
  local session = body:match("<sessionid>(%x+)</sessionid>")
  if session and body:find("LOGIN_TEXT", 1, true) then open[#open + 1] = session end
end
