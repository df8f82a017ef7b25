import { type Lab } from '@proxy/lab'

import { type Scene } from '../scene.ts'
import { type Proof, prove } from './proof.ts'

interface Page {
  readonly title: string
  readonly details: { readonly author: string }
  readonly reviews: readonly { readonly stars: number }[]
}

/** A request to productpage's pod IP is answered with what all four services know. */
export function proveAnswer(lab: Lab, { productpage }: Scene): Promise<Proof> {
  return prove('answer', 'a request to the pod IP of productpage is answered', async () => {
    const { exitCode, stdout, stderr } = await lab.request(productpage.ip, '/productpage')
    if (exitCode !== 0) return { holds: false, evidence: [stderr.trim()] }
    const { title, details, reviews } = JSON.parse(stdout) as Page
    const stars = reviews.map((review) => review.stars)
    return {
      holds: title !== '' && details.author !== '' && stars.length === 2,
      evidence: [
        `GET http://${productpage.ip}:9080/productpage -> 200`,
        `"${title}" by ${details.author}, ${stars.join(' and ')} stars`,
      ],
    }
  })
}
