import { type JsonObject } from './json.ts'

/** A copy of `value` without `keys`, order kept. The keys have to be optional in `T`, or be put back. */
export function omit<T extends JsonObject>(value: T, ...keys: string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) as T
}
