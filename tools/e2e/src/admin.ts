import { request } from 'node:http'
import { join } from 'node:path'

import { type Lab, type Pod } from '@proxy/lab'

/** Path of the socket on which a pod's Envoy can be asked. */
export function adminSocketOf({ paths }: Lab, { containerId }: Pod): string {
  return join(paths.sidecarDir, 'sidecars', containerId, 'admin.sock')
}

/** What a pod's Envoy answers to a GET on its admin interface. */
export function askEnvoy(lab: Lab, pod: Pod, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socketPath = adminSocketOf(lab, pod)
    const call = request({ socketPath, path, agent: false, timeout: 5000 }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error(`${path}: no answer`)))
    call.on('error', reject)
    call.end()
  })
}
