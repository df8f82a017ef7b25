import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type Pod } from '@proxy/lab'

/** The certificate of a pod, out of the file that its Envoy reads. */
export async function certificateOf(
  sidecarDir: string,
  { containerId }: Pod,
): Promise<{
  readonly serialNumber: string
  readonly subjectAltName: string | undefined
  readonly publicKey: string
}> {
  const text = await readFile(join(sidecarDir, 'sidecars', containerId, 'sds', 'identity.json'))
  const [pem = ''] =
    /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/s.exec(
      text.toString().replaceAll(String.raw`\n`, '\n'),
    ) ?? []
  const { serialNumber, subjectAltName, publicKey } = new X509Certificate(pem)
  const key = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { serialNumber, subjectAltName, publicKey: key }
}
