function request() return wrk.format("POST", "/", {["Content-Type"] = "text/plain"}, "nothing") end
