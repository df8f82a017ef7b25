import { createLab } from '../src/index.ts'
const lab = await createLab({ name: 'pxt-e2etry', plugin: { selection: 'all' } })
try {
  const agent = await lab.startAgent(['--log-level', 'debug'])
  console.log('agent', agent.pid)
  const pod = await lab.createPod({ name: 'details' })
  const t = performance.now()
  console.log(await pod.add(), performance.now() - t)
  await pod.startApp('details')
  console.log(await lab.request(pod.ip, '/details/0'))
  console.log(await pod.check())
  const pod2 = await lab.createPod({ name: 'client' })
  console.log((await pod2.add()).exitCode)
  console.log(
    await pod2.run([lab.paths.node, lab.paths.bookinfo + '/client.mjs', pod.ip, '/details/0'], {
      uid: '10001',
    }),
  )
  console.log(
    (
      await lab.run([
        'sh',
        '-c',
        `cat ${lab.paths.sidecarDir}/sidecars/*/access.log; tail -3 ${lab.paths.sidecarDir}/sidecars/*/envoy.log; ls -laR ${lab.paths.sidecarDir}`,
      ])
    ).stdout,
  )
  console.log(await pod.del(), await pod2.del())
  console.log(await lab.agentLog())
  console.log((await lab.run(['sh', '-c', `ls -laR ${lab.paths.root}`])).stdout.slice(0, 3000))
  await agent.stop()
} catch (e) {
  console.log(e)
  console.log(await lab.agentLog())
} finally {
  if (!process.env.KEEP) await lab[Symbol.asyncDispose]()
}
