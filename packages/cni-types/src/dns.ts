import * as z from 'zod/mini'

/** Settings for a resolver. Results before 1.0.0 always have this object, if only an empty one. */
export const dnsSchema = z.looseObject({
  /** Addresses of name servers, in order of preference. */
  nameservers: z.optional(z.array(z.string())),
  /** Local domain for short names. */
  domain: z.optional(z.string()),
  /** Search domains, in order of preference. */
  search: z.optional(z.array(z.string())),
  /** Options for the resolver, as in resolv.conf(5). */
  options: z.optional(z.array(z.string())),
})

/** Settings for a resolver. */
export type Dns = z.infer<typeof dnsSchema>

/** Whether `dns` says nothing; a key of unknown meaning says something. */
export function isEmptyDns(dns: Dns | undefined): boolean {
  const { nameservers, domain, search, options, ...others } = dns ?? {}
  const lists = [nameservers, search, options]
  return (
    !domain &&
    lists.every((list) => list === undefined || list.length === 0) &&
    Object.keys(others).length === 0
  )
}
