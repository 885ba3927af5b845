-- Strings, tables, closures, coroutines, metatables, errors, files and time in Lua.
print(_VERSION, #arg, arg[1], arg[2])
print(string.format("%d %5.2f %s %q %x %g %a", 42, math.pi, "text", 'quo"te\n', 255, 1e100, 0.5))
print(string.format("%-10s|%10s|%.3s|%c%c|%i|%u", "left", "right", "cut off", 72, 105, -7, 7))
print(("hello world"):gsub("o", "0"), ("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
print(string.rep("ab", 3, "-"), ("x"):byte(), ("abc"):reverse(), #"four", ("MiXed"):lower(), ("a,b,,c"):find(",", 1, true))
for word in ("one two three"):gmatch("%a+") do io.write(word, ";") end
print(string.pack("<i4", 100):byte(1, 4), string.unpack("<i2", "\1\2"))
print(utf8.char(228, 8364, 128512), utf8.len("äöü"), 7 // 2, 7 % -3, 2 ^ 0.5, 1 / 0, -1 / 0, 5 // 0.0, 3 | 4, ~0)
print(math.type(1), math.type(1.0), math.tointeger(3.0), math.maxinteger, math.mininteger, 0x7fffffffffffffff + 1)
print(tostring(1e15), 1e16, 123456789012345678, 0.1, 100.0, tonumber("0x1p4"), tonumber("1e1"), tonumber("z", 36), tonumber("x"))

local function generator(n)
  return coroutine.wrap(function() for i = 1, n do coroutine.yield(i, i * i) end end)
end
for i, square in generator(5) do io.write(i, ":", square, " ") end
print()
local co = coroutine.create(function(a, b)
  local c = coroutine.yield(a + b)
  local d, e = coroutine.yield(c * 2)
  error({code = d + e})
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.resume(co, 10))
local ok, err = coroutine.resume(co, 3, 4)
print(ok, type(err), err.code, coroutine.status(co), coroutine.resume(co))
print(pcall(error, "plain"), pcall(error, nil), select("#", pcall(error)))
print(pcall(function() local t = nil; return t.x end))
print(pcall(function() return 1 + {} end))
print(pcall(string.rep, "x", -1), pcall(string.format, "%d", 1.5))
print(xpcall(function() error("deep", 2) end, function(m) return "handled: " .. tostring(m) end))
print(select(2, pcall(function() local function f() return f() + 1 end return f() end)):match("stack overflow") )
print(select(2, load("x = = 1")))

local Point = {}
Point.__index = Point
Point.__add = function(a, b) return setmetatable({x = a.x + b.x}, Point) end
Point.__tostring = function(p) return "Point(" .. p.x .. ")" end
Point.__lt = function(a, b) return a.x < b.x end
Point.__call = function(self, y) return self.x * y end
local p, q = setmetatable({x = 1}, Point), setmetatable({x = 2}, Point)
print(tostring(p + q), p < q, q(21))
local list = {5, 2, 8, 1, 9, 3}
table.sort(list, function(a, b) return a > b end)
print(table.concat(list, ","), table.unpack(list, 1, 3))
local keys = {}
for k in pairs({a = 1, b = 2, c = 3}) do keys[#keys + 1] = k end
table.sort(keys)
print(table.concat(keys), next({}), rawlen({1, 2}), #table.pack(1, nil, 3))

local name = os.tmpname()
local file = assert(io.open(name, "w"))
for i = 1, 1000 do file:write(i, " ", i * 1.5, "\n") end
file:close()
local sum, lines = 0, 0
for line in io.lines(name) do
  local a, b = line:match("(%d+) ([%d.]+)")
  sum, lines = sum + a * b, lines + 1
end
print(lines, sum)
file = io.open(name)
print(file:read("n", "n", "l", "L"), file:seek("set", 10), file:read(5), file:seek("end"))
file:close()
print(os.remove(name), (select(2, os.remove("/no/such/file"))), io.open("/no/such/file"))
print(pcall(file.read, file), io.type(file), io.type(io.stdout), io.type(1))
print(os.time({year = 2001, month = 9, day = 9, hour = 1, min = 46, sec = 40}), os.date("!%Y-%m-%d %H:%M:%S", 1e9), os.date("!*t", 0).year)
print(os.time() > 1.6e9, os.clock() >= 0, os.getenv("HOME"), os.getenv("NOTHING"), os.difftime(10, 4))
local before = collectgarbage("count")
local junk = {}
for i = 1, 100000 do junk[i] = {i, tostring(i)} end
junk = nil
collectgarbage()
print(collectgarbage("count") < before + 2000)
io.write("written ")
print(io.read("l"))
io.stderr:write("to the error stream\n")
os.exit(43, true)
