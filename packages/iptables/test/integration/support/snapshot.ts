import { type TestNetns } from '@proxy/testkit'

/** Everything that packet filters have in a namespace, without counters and dates. */
export async function snapshot(netns: TestNetns): Promise<string> {
  const texts = [
    await netns.must('nft', '-s', 'list', 'ruleset'),
    ...(await Promise.all(
      ['iptables-legacy-save', 'ip6tables-legacy-save'].map((tool) => netns.must(tool)),
    )),
  ]
  return texts
    .join('\n')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replaceAll(/\[\d+:\d+\]/g, '').trimEnd())
    .join('\n')
}
