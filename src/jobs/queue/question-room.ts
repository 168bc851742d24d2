import type { RedisClient } from './address.js';

/**
 * Questions of all tenants that wait for a predictor or are in work, in Redis.
 * - `waiting`: list of ids, oldest first
 * - `held`: hash of `<server>|<hint>` to the id in work
 * - `served`: hash of tenant to the number of the turn in which it was last served
 * - one key for each question, with its data and an end. An id without this key is over, wherever it stands: its caller
 *   has left, or has died.
 * An id is 36 characters, a colon and the tenant. In a cluster, the word in braces keeps all of it on one node.
 */
const keysOf = (room: string) =>
  [`${room}:waiting`, `${room}:held`, `${room}:served`, `${room}:turns`, `${room}:data:`] as const;
const KEYS = keysOf('strata:questions');
const CLUSTER_KEYS = keysOf('{strata}:questions');
export const WAITING_KEY = KEYS[0];
export const HELD_KEY = KEYS[1];
/** Longer than any question lives. */
const SERVED_KEPT_S = 3_600;

const TENANT_OF = `local function tenant_of(id) return string.sub(id, 38) end
local function is_open(id) return redis.call('EXISTS', ARGV[1] .. id) == 1 end
`;

// A tenant may fill half of what the others leave free, so that none can fill the room.
// ARGV: prefix, id, data, milliseconds, places. Returns -1, or the number of waiting questions.
const ENTER = `${TENANT_OF}
local mine, all = 0, 0
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if not is_open(id) then
    redis.call('LREM', KEYS[1], 1, id)
  else
    all = all + 1
    if tenant_of(id) == tenant_of(ARGV[2]) then mine = mine + 1 end
  end
end
if mine >= tonumber(ARGV[5]) - all then return all end
redis.call('SET', ARGV[1] .. ARGV[2], ARGV[3], 'PX', ARGV[4])
redis.call('RPUSH', KEYS[1], ARGV[2])
return -1`;

// The rule of src/jobs/store/turns.ts: the tenant that holds the fewest is next; of those that are even, the one that was
// served longest ago. ARGV: prefix, server, hint, the most of a tenant at one server.
const TAKE = `${TENANT_OF}
local everywhere, here = {}, {}
local holder = ARGV[2] .. '|' .. ARGV[3]
local all = redis.call('HGETALL', KEYS[2])
for index = 1, #all, 2 do
  local field, id = all[index], all[index + 1]
  if not is_open(id) then
    redis.call('HDEL', KEYS[2], field)
  elseif string.sub(field, -#ARGV[3]) == ARGV[3] then
    -- The hint came back: the server that held this question is dead.
    redis.call('HDEL', KEYS[2], field)
    redis.call('HSET', KEYS[2], holder, id)
    return { id, redis.call('GET', ARGV[1] .. id) }
  else
    local tenant = tenant_of(id)
    everywhere[tenant] = (everywhere[tenant] or 0) + 1
    if string.sub(field, 1, #ARGV[2]) == ARGV[2] then here[tenant] = (here[tenant] or 0) + 1 end
  end
end
local best, least, longest
local seen = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local tenant = tenant_of(id)
  if not is_open(id) then
    redis.call('LREM', KEYS[1], 1, id)
  elseif not seen[tenant] then
    seen[tenant] = true
    local count = everywhere[tenant] or 0
    local served = tonumber(redis.call('HGET', KEYS[3], tenant) or '0')
    local is_next = best == nil or count < least or (count == least and served < longest)
    if is_next and (here[tenant] or 0) < tonumber(ARGV[4]) then best, least, longest = id, count, served end
  end
end
if best == nil then return false end
redis.call('LREM', KEYS[1], 1, best)
redis.call('HSET', KEYS[2], holder, best)
redis.call('HSET', KEYS[3], tenant_of(best), redis.call('INCR', KEYS[4]))
redis.call('EXPIRE', KEYS[3], ${SERVED_KEPT_S})
return { best, redis.call('GET', ARGV[1] .. best) }`;

export interface TakenQuestion {
  readonly id: string;
  readonly question: unknown;
}

/** The room in which questions wait, from which they are taken in turns of tenants. */
export interface QuestionRoom {
  /** @returns null where the question waits now; the number of waiting questions where there is no place for it */
  enter(id: string, question: unknown): Promise<number | null>;
  /** The question is over, whether it waits or is in work. */
  leave(id: string): Promise<void>;
  isOpen(id: string): Promise<boolean>;
  waiting(): Promise<number>;
  /** @param hint holds the question until `finish`; a hint that comes back gets the same one again */
  take(server: string, hint: string, tenantMax: number): Promise<TakenQuestion | null>;
  finish(server: string, hint: string): Promise<void>;
  close(): void;
}

/** @param randomId 36 characters */
export function questionId(randomId: string, tenant: string): string {
  return `${randomId}:${tenant}`;
}

export function openQuestionRoom(
  redis: RedisClient,
  { places, keptMs }: { readonly places: number; readonly keptMs: number },
): QuestionRoom {
  const [waitingKey, heldKey, servedKey, turnsKey, dataPrefix] = redis.isCluster ? CLUSTER_KEYS : KEYS;
  const call = (script: string, ...values: (string | number)[]) =>
    redis.eval(script, 4, waitingKey, heldKey, servedKey, turnsKey, dataPrefix, ...values);
  return {
    async enter(id, question) {
      const waiting = Number(await call(ENTER, id, JSON.stringify(question), keptMs, places));
      return waiting < 0 ? null : waiting;
    },
    async leave(id) {
      await redis.multi().del(`${dataPrefix}${id}`).lrem(waitingKey, 0, id).exec();
    },
    isOpen: async (id) => (await redis.exists(`${dataPrefix}${id}`)) === 1,
    waiting: () => redis.llen(waitingKey),
    async take(server, hint, tenantMax) {
      const taken = (await call(TAKE, server, hint, tenantMax)) as [string, string] | null;
      return taken && { id: taken[0], question: JSON.parse(taken[1]) };
    },
    async finish(server, hint) {
      await redis.hdel(heldKey, `${server}|${hint}`);
    },
    close: () => redis.disconnect(),
  };
}
