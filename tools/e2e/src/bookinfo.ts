import { type Lab, type Pod, type PodOptions } from '@proxy/lab'

/** The four pods of the scene. */
export type Bookinfo = Readonly<Record<'productpage' | 'details' | 'reviews' | 'ratings', Pod>>

/** Adds the four pods to the network and starts their applications, the called ones first. */
export async function startBookinfo(
  lab: Lab,
  annotations: Partial<Record<keyof Bookinfo, PodOptions['annotations']>> = {},
): Promise<Bookinfo> {
  const start = async (
    name: keyof Bookinfo,
    env?: Readonly<Record<string, string>>,
  ): Promise<Pod> => {
    const pod = await lab.createPod({ name, annotations: annotations[name] ?? {} })
    await pod.start()
    await pod.startApp(name, env)
    return pod
  }
  const details = await start('details')
  const ratings = await start('ratings')
  const reviews = await start('reviews', { RATINGS_HOSTNAME: ratings.ip })
  const hosts = { DETAILS_HOSTNAME: details.ip, REVIEWS_HOSTNAME: reviews.ip }
  return { details, ratings, reviews, productpage: await start('productpage', hosts) }
}

/** Calls a path of one pod from another as the application's user; throws unless it answers. */
export async function callFrom(lab: Lab, from: Pod, host: string, path: string): Promise<string> {
  const { exitCode, stdout, stderr } = await tryFrom(lab, from, host, path)
  if (exitCode !== 0) throw new Error(`${from.identity.name} -> ${host}${path}: ${stderr}`)
  return stdout
}

/** The same, returning what it printed also when it fails. */
export function tryFrom(
  { paths }: Lab,
  from: Pod,
  host: string,
  path: string,
  uid = '10001',
): ReturnType<Pod['run']> {
  return from.run([paths.node, `${paths.bookinfo}/client.mjs`, host, path], { uid })
}
