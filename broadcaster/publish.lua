-- Append entries to a channel's log, all or nothing; see broadcaster/channels.py for the promise.
-- KEYS: meta, log, applied, commands, chunks
-- ARGV: live, token, expected, trim, closing, n entries, n meta fields, n applied records, entries..., field/value pairs...,
--   applied records..., chunk records...
-- closing: '' or the id of the last answered command; with it nothing is appended while a later command waits.
local FIXED = 8
local KEPT = 1000 -- commands that may stay in the stream though they are answered
local meta, log, applied, commands, chunks = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local live, token, expected = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local trim, closing, n, fields = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local deeds = tonumber(ARGV[8])

local known = redis.call('HMGET', meta, 'epoch', 'token', 'head')
if not known[1] then
  return {'NOCHANNEL', 0}
end
local newest, head = tonumber(known[2]), tonumber(known[3])
if token ~= newest then
  return {'FENCED', newest}
end

local function spliced(i)
  return '{"offset":' .. string.format('%d', expected + i - 1) .. ',' .. string.sub(ARGV[FIXED + i], 2)
end

if expected ~= head + 1 then
  if n == 0 or expected + n - 1 > head then
    return {'CONFLICT', head}
  end
  local first, last = string.format('%d-0', expected), string.format('%d-0', expected + n - 1)
  local there = redis.call('XRANGE', log, first, last)
  if #there ~= n then
    return {'CONFLICT', head}
  end
  for i = 1, n do
    if there[i][2][2] ~= spliced(i) then
      return {'CONFLICT', head}
    end
  end
  return {'ALREADY', head}
end

if closing ~= '' then
  local newest_command = redis.call('XREVRANGE', commands, '+', '-', 'COUNT', 1)[1]
  if newest_command and newest_command[1] ~= closing then
    return {'PENDING', head}
  end
end

local at = FIXED + n
local pairs_given = {'head', string.format('%d', head + n)}
for i = 1, 2 * fields do
  pairs_given[#pairs_given + 1] = ARGV[at + i]
end
local sent = {}
for i = 1, n do
  sent[i] = spliced(i)
  redis.call('XADD', log, string.format('%d-0', expected + i - 1), 'e', sent[i])
end
redis.call('HSET', meta, unpack(pairs_given))
for i = 3, #pairs_given, 2 do
  if pairs_given[i] == 'answered' and redis.call('XLEN', commands) > KEPT then
    -- No attempt reads again what is answered; the last one stays, for `closing`.
    redis.call('XTRIM', commands, 'MINID', pairs_given[i + 1])
  end
end
-- A call without entries leaves no trace in the log by which its retry would be known; the lists themselves tell. No two
-- records of a list are the same: a command has its id or its tick, a chunk its name.
local function listed(list, from, to)
  if from > to or (n == 0 and redis.call('LINDEX', list, -1) == ARGV[to]) then
    return
  end
  for i = from, to do
    redis.call('RPUSH', list, ARGV[i])
  end
end
at = at + 2 * fields
listed(applied, at + 1, at + deeds)
listed(chunks, at + deeds + 1, #ARGV)
if trim > 0 then
  redis.call('XTRIM', log, 'MINID', string.format('%d-0', trim))
end
for i = 1, n do
  redis.call('PUBLISH', live, sent[i])
end
return {'OK', head + n}
