-- Let sessions that wait for a worker start, unless as many as may be run. Who runs nothing goes first.
-- KEYS: set of all that were let start, set of all that are not over
-- ARGV: room, prefix of the same set of one user, most of a user, most in all (0: any number), the user without a bound, then
--   of each that waits, in the order in which they do: id, status, owner (JSON; empty where it has none)
--
-- Answers with the places (from 1) of those that may be taken, in the order in which they should be, and of those that are held
-- back. `room` bounds how many are let start anew. One that was let start before may be taken again; so may one that has nothing
-- to start, and one that lost its worker, which counts as running whatever the bounds say.
local all, active, room, prefix = KEYS[1], KEYS[2], tonumber(ARGV[1]), ARGV[2]
local of_user, of_all = tonumber(ARGV[3]), tonumber(ARGV[4])
local taken, first, others, seen = {}, {}, {}, {}

local function id(place)
  return ARGV[3 + 3 * place]
end

local function count(place, user)
  redis.call('SADD', all, id(place))
  if user then
    redis.call('SADD', user, id(place))
  end
  taken[#taken + 1] = place
end

for place = 1, (#ARGV - 5) / 3 do
  local status, owner = ARGV[4 + 3 * place], ARGV[5 + 3 * place]
  if redis.call('SISMEMBER', active, id(place)) == 0 then
    status = 'over'  -- since its status was read: nobody would take it off again
  end
  owner = owner ~= '' and cjson.decode(owner)
  local user = type(owner) == 'string' and prefix .. owner
  if status == 'recovering' then
    count(place, user)
  elseif status ~= 'queued' or redis.call('SISMEMBER', all, id(place)) == 1 then
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
