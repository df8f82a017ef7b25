import { nftablesBackend, parseRedirectSpec, plan, type RedirectBackend } from '@proxy/iptables'
import { type Lab } from '@proxy/lab'
import { type NetnsHelper } from '@proxy/netns'

import { type Variant } from './series.ts'

/** Measures what the agent does to a pod's packet filter, as it does it: by netlink, in-process. */
export async function ruleVariants(lab: Lab, helper: NetnsHelper): Promise<readonly Variant[]> {
  const { netns } = await lab.createPod({ name: 'rules' })
  const rules = plan(parseRedirectSpec({}))
  const within = async <T>(work: (backend: RedirectBackend) => Promise<T>): Promise<T> => {
    using netlink = helper.netlink(netns, 'netfilter')
    return await work(nftablesBackend({ netlink }))
  }
  const variant = (
    name: string,
    before: (backend: RedirectBackend) => Promise<unknown>,
    work: (backend: RedirectBackend) => Promise<unknown>,
  ): Variant => ({
    name,
    async measure() {
      await within(before)
      const start = performance.now()
      await within(work)
      return performance.now() - start
    },
  })
  const apply = (backend: RedirectBackend): Promise<unknown> => backend.apply(rules)
  const remove = (backend: RedirectBackend): Promise<unknown> => backend.remove()
  return [
    variant('rules: apply', remove, apply),
    variant('rules: apply again', apply, apply),
    variant('rules: verify', apply, (backend) => backend.verify(rules)),
    variant('rules: remove', apply, remove),
  ]
}
