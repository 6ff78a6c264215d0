-- Login and logout in turn, as the document/literal SOAP of benchmarks/peers.
local open = {}
local envelope = '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>%s</soap:Body></soap:Envelope>'
local login = envelope:format('<SWServiceLogin xmlns="http://peers.example/sessions">'
  .. "<serviceuser>demo</serviceuser><password>demo</password></SWServiceLogin>")
function request()
  local session, action, body = table.remove(open), '"SWServiceLogin"', login
  if session then
    action = '"SWServiceLogout"'
    body = envelope:format('<SWServiceLogout xmlns="http://peers.example/sessions"><sessionid>' .. session
      .. "</sessionid></SWServiceLogout>")
  end
  return wrk.format("POST", "/soap", {["Content-Type"] = "text/xml; charset=utf-8", ["SOAPAction"] = action}, body)
end
function response(status, headers, body)
  local session = body:match("SWServiceLoginResult>(%x+)<")
  if session then open[#open + 1] = session end
end
