import { nftablesBackend, parseRedirectSpec, plan } from '@proxy/iptables'
import { type Lab } from '@proxy/lab'
import { type NetnsHelper } from '@proxy/netns'

import { type Variant } from './series.ts'

/** Measures what the agent does to a pod's packet filter, as it does it: by netlink, in-process. */
export async function ruleVariants(lab: Lab, helper: NetnsHelper): Promise<readonly Variant[]> {
  const { netns } = await lab.createPod({ name: 'rules' })
  const rules = plan(parseRedirectSpec({}))
  const variant = (
    name: string,
    work: (backend: ReturnType<typeof nftablesBackend>) => Promise<unknown>,
  ): Variant => ({
    name,
    async measure() {
      const start = performance.now()
      using netlink = helper.netlink(netns, 'netfilter')
      await work(nftablesBackend({ netlink }))
      return performance.now() - start
    },
  })
  return [
    variant('rules: apply', (backend) => backend.apply(rules)),
    variant('rules: verify', (backend) => backend.verify(rules)),
    variant('rules: remove', (backend) => backend.remove()),
  ]
}
