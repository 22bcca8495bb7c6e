-- Take, ask for, give, refuse or let go of the wheel of a session, or only look; see broadcaster/wheel.py for the rules.
-- KEYS: meta, wheel   ARGV: action, who acts, '1' if they own the session, whom it is about, grace (s), age of the oldest
--   question (s), most questions
-- Answers: word, holder ('' for nobody), since (unix s), questions (JSON: name -> when)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'NOCHANNEL'}
end
local action, who, boss, other = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local known = redis.call('HMGET', KEYS[2], 'holder', 'since', 'seen', 'asks')
local holder, since, seen = known[1] or '', known[2] or '', tonumber(known[3] or '0')
if now - seen > tonumber(ARGV[5]) then
  holder = ''
end
local asks, count = {}, 0
for name, at in pairs(cjson.decode(known[4] or '{}')) do
  if now - at <= tonumber(ARGV[6]) then
    asks[name] = at
    count = count + 1
  end
end

local function hold(name)
  if holder ~= name then
    since = string.format('%.3f', now)
  end
  holder, seen, asks[name] = name, now, nil
end

local word, rules = 'OK', boss or holder == who
if action == 'take' or action == 'ask' then
  if holder == '' or holder == who or (action == 'take' and boss) then
    hold(who)
  elseif action == 'take' then
    word = 'HELD'
  elseif not asks[who] and count >= tonumber(ARGV[7]) then
    word = 'FULL'
  else
    asks[who] = asks[who] or now
  end
elseif action == 'let-go' then
  if holder ~= '' and not rules then
    word = 'NOT_YOURS'
  else
    holder = ''
  end
elseif action ~= 'look' then
  if not rules and not (action == 'refuse' and other == who) then
    word = 'NOT_YOURS'
  elseif not asks[other] then
    word = 'NOT_ASKED'
  elseif action == 'give' then
    hold(other)
  else
    asks[other] = nil
  end
end

if holder == '' then
  since = ''
end
if action ~= 'look' and word == 'OK' then
  if holder == '' and next(asks) == nil then
    redis.call('DEL', KEYS[2])
  else
    redis.call('HSET', KEYS[2], 'holder', holder, 'since', since, 'seen', string.format('%.3f', seen), 'asks', cjson.encode(asks))
    redis.call('EXPIRE', KEYS[2], 86400)
  end
end
return {word, holder, since, cjson.encode(asks)}
