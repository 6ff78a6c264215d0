-- The seed's own data with a fresh Index, as the document/literal SOAP of benchmarks/peers.
local data = BODY_XML:match("<ApplicationsUsed>(.*)</ApplicationsUsed>")
local head = '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
  .. '<SessionEnd xmlns="http://peers.example/sessions"><Id>170200123</Id><Key>467512342123</Key><Email>larry@newmedia.com</Email>'
  .. "<CurrentDate>2025-12-04 06:57:36 (YYYY-MM-DD HH:MM:SS - UTC format)</CurrentDate><Index>"
local tail = "</Index><Uses>" .. data .. "</Uses></SessionEnd></soap:Body></soap:Envelope>"
function request()
  return wrk.format("POST", "/soap", {["Content-Type"] = "text/xml; charset=utf-8", ["SOAPAction"] = '"SessionEnd"'},
    head .. RUN .. "-" .. fresh() .. tail)
end
