import { BUILT, type Lab } from '@proxy/lab'

import { type Scene } from './scene.ts'

/** What can be tried on the node that was left running. */
export function hintsFor(lab: Lab, { productpage, details }: Scene): string {
  const inNode = `nsenter --net=${lab.netns}`
  const ctl = `${process.execPath} ${BUILT.sidecarctl} --socket ${lab.paths.socket}`
  return [
    'The node keeps running. Try:',
    '',
    '  # the page, from a client without a proxy',
    `  ${inNode} ${lab.paths.node} ${lab.paths.bookinfo}/client.mjs ${productpage.ip} /productpage`,
    '  # the sidecars of this node, and why a pod has one',
    `  ${ctl} status`,
    `  ${ctl} explain default/productpage`,
    '  # the rules in a pod',
    `  nsenter --net=${details.netns} nft list ruleset`,
    "  # what the pods' Envoys have seen",
    `  tail ${lab.paths.sidecarDir}/sidecars/*/access.log`,
    '  # the bytes on the bridge',
    `  ${inNode} tcpdump -i cni0 -A tcp port 9080`,
    '',
    'Remove it with: npm run demo -- --down',
  ].join('\n')
}
