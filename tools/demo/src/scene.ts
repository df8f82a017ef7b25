import { type Lab, type Pod } from '@proxy/lab'

/** The four pods of the bookinfo scene, and one that is left alone. */
export interface Scene {
  readonly productpage: Pod
  readonly details: Pod
  readonly reviews: Pod
  readonly ratings: Pod
  /** In an excluded namespace. */
  readonly excluded: Pod
}

/** A namespace whose pods never get a sidecar, as the lab's configuration says. */
export const EXCLUDED_NAMESPACE = 'kube-system'

/** Who calls whom, as the programs are made. */
export const CALLS: readonly (readonly [from: string, to: string])[] = [
  ['productpage', 'details'],
  ['productpage', 'reviews'],
  ['reviews', 'ratings'],
]

/** Adds the pods to the network through the CNI chain and starts their programs. */
export async function deploy(
  lab: Lab,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Scene> {
  const start = async (
    name: string,
    env: Readonly<Record<string, string>> = {},
    namespace = 'default',
  ): Promise<Pod> => {
    signal.throwIfAborted()
    const pod = await lab.createPod({ name, namespace })
    const begin = performance.now()
    await pod.start()
    const addMs = Math.round(performance.now() - begin)
    await pod.startApp(name, env)
    say(`pod ${namespace}/${name} at ${pod.ip} (CNI ADD took ${addMs} ms)`)
    return pod
  }
  const [ratings, details] = [await start('ratings'), await start('details')]
  const reviews = await start('reviews', { RATINGS_HOSTNAME: ratings.ip })
  const hosts = { DETAILS_HOSTNAME: details.ip, REVIEWS_HOSTNAME: reviews.ip }
  const productpage = await start('productpage', hosts)
  const excluded = await start('details', {}, EXCLUDED_NAMESPACE)
  return { productpage, details, reviews, ratings, excluded }
}

/** Every pod of the scene. */
export function podsOf(scene: Scene): readonly Pod[] {
  return [scene.productpage, scene.details, scene.reviews, scene.ratings, scene.excluded]
}
