-- A page of the session log.
local body = '<UserClientSessionLogRequest xmlns="http://schemas.datacontract.org/2004/07/Spirit.Server.Common.Message.Sessions">'
  .. '<PageRequestIndex xmlns="http://schemas.servicestack.net/types">0</PageRequestIndex>'
  .. '<RecordsPerPage xmlns="http://schemas.servicestack.net/types">20</RecordsPerPage></UserClientSessionLogRequest>'
function request()
  return wrk.format("POST", "/xml/reply/UserClientSessionLogRequest", {["Content-Type"] = "application/xml"}, body)
end
