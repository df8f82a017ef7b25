/** Rules of another mesh, by what they are recognised. */
export interface ForeignMesh {
  /** Name of the mesh, as its users know it. */
  readonly mesh: string
  /** Where its rules are: a program's view of the kernel, as `iptables-legacy`. */
  readonly where: string
  /** Names of its chains or tables, sorted. */
  readonly objects: readonly string[]
}

/** Chains and tables by which meshes are known, when they redirect the traffic of a pod. */
const signs: readonly (readonly [mesh: string, name: RegExp])[] = [
  ['Istio', /^(?:ISTIO_|istio-(?:proxy|ambient)-)/],
  ['Linkerd', /^PROXY_INIT_/],
  ['Consul', /^CONSUL_(?:PROXY|DNS)_/],
  ['Kuma', /^(?:KUMA_|MESH_(?:INBOUND|OUTBOUND))/],
  ['Open Service Mesh', /^OSM_PROXY_/],
  ['AWS App Mesh', /^APPMESH_/],
]

/** The meshes to which names of chains and tables belong. */
export function meshesOf(where: string, names: readonly string[]): readonly ForeignMesh[] {
  return signs.flatMap(([mesh, pattern]) => {
    const objects = [...new Set(names.filter((name) => pattern.test(name)))].sort()
    return objects.length === 0 ? [] : [{ mesh, where, objects }]
  })
}
