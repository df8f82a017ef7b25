import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { run } from '@proxy/testkit'

/** A certificate authority of a test, made by openssl. */
export interface Authority {
  /** Issues a certificate and puts the three files into `target`, each replaced by a rename. */
  issueInto(target: string, spiffeId: string): Promise<void>
}

/** Makes an authority whose own files are in `directory`, which is made. */
export async function createAuthority(directory: string): Promise<Authority> {
  await mkdir(directory, { recursive: true })
  const at = (name: string): string => join(directory, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const usage = ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign,cRLSign']
  await openssl(
    ...['req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', at('root-cert.pem')],
    ...['-days', '2', '-subj', '/O=test', ...usage.flatMap((text) => ['-addext', text])],
  )
  return {
    async issueInto(target, spiffeId) {
      await mkdir(target, { recursive: true })
      await openssl(
        ...['req', ...newKey, '-keyout', at('key.pem'), '-out', at('leaf.csr')],
        ...['-subj', '/O=test'],
      )
      await writeFile(
        at('leaf.ext'),
        `subjectAltName=critical,URI:${spiffeId}\nbasicConstraints=critical,CA:false\n` +
          'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n',
      )
      await openssl(
        ...['x509', '-req', '-in', at('leaf.csr'), '-CA', at('root-cert.pem')],
        ...['-CAkey', at('ca.key'), '-CAcreateserial', '-days', '1'],
        ...['-extfile', at('leaf.ext'), '-out', at('cert-chain.pem')],
      )
      for (const name of ['root-cert.pem', 'key.pem', 'cert-chain.pem']) {
        const { exitCode, stderr } = await run(['cp', at(name), join(target, `.${name}`)])
        if (exitCode !== 0) throw new Error(stderr)
        await rename(join(target, `.${name}`), join(target, name))
      }
    },
  }
}

async function openssl(...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await run(['openssl', ...args])
  if (exitCode !== 0) throw new Error(`openssl ${args[0] ?? ''}: ${stderr}`)
}
