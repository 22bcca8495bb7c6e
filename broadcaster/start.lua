-- Let sessions that wait for a worker start, unless as many as may be run. Who runs nothing goes first.
-- KEYS: set of all that were let start, meta of each that waits
-- ARGV: room, prefix of the same set of one user, most of a user, most in all (0: any number), the user without a bound, then
--   the ids, in the order in which they wait
--
-- Answers with the places (from 1) of those that may be taken, in the order in which they should be, and of those that are held
-- back. `room` bounds how many are let start anew. One that was let start before may be taken again; so may one that has nothing
-- to start, and one that lost its worker, which counts as running whatever the bounds say.
local all, room, prefix = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local of_user, of_all = tonumber(ARGV[3]), tonumber(ARGV[4])
local taken, first, others, seen = {}, {}, {}, {}

local function count(place, user)
  redis.call('SADD', all, ARGV[5 + place])
  if user then
    redis.call('SADD', user, ARGV[5 + place])
  end
  taken[#taken + 1] = place
end

for place = 1, #KEYS - 1 do
  local found = redis.call('HMGET', KEYS[1 + place], 'status', 'owner')
  local status, owner = found[1], found[2] and cjson.decode(found[2])
  local user = type(owner) == 'string' and prefix .. owner
  if status == 'recovering' then
    count(place, user)
  elseif status ~= 'queued' or redis.call('SISMEMBER', all, ARGV[5 + place]) == 1 then
    taken[#taken + 1] = place
  else
    local idle = user and not seen[user] and redis.call('EXISTS', user) == 0
    local list = idle and first or others
    list[#list + 1] = {place = place, user = user, bound = owner ~= ARGV[5] and of_user or 0}
    seen[user or ''] = true
  end
end

local held = {}
local function start(one)
  if of_all > 0 and redis.call('SCARD', all) >= of_all then
    held[#held + 1] = one.place
  elseif one.user and one.bound > 0 and redis.call('SCARD', one.user) >= one.bound
    -- Of what vanished without its owner being known, only the set of all was told.
    and redis.call('SINTERSTORE', one.user, one.user, all) >= one.bound then
    held[#held + 1] = one.place
  elseif room > 0 then
    room = room - 1
    count(one.place, one.user)
  end
end
for _, one in ipairs(first) do
  start(one)
end
for _, one in ipairs(others) do
  start(one)
end
return {taken, held}
