/** A GPU that a trainer can be given: a whole card, or a MIG device of one. */
export interface Gpu {
  /** NVIDIA's name for it in CUDA_VISIBLE_DEVICES: `GPU-...` or `MIG-...`. */
  readonly uuid: string;
  readonly name: string;
  /** Whether it computes in bfloat16. */
  readonly bfloat16: boolean;
}

/** A card as `nvidia-smi -L` lists it; its place in that list is its index. */
export interface GpuCard extends Gpu {
  /** Its MIG devices; null where MIG mode is off. A card in MIG mode computes on these only. */
  readonly mig: readonly Gpu[] | null;
}

/** Arguments of nvidia-smi that print what `parseGpuCards` reads. An older driver refuses the second one. */
export const GPU_LIST = ['-L'];
export const GPU_FIELDS = ['--query-gpu=uuid,compute_cap,mig.mode.current', '--format=csv,noheader'];

/** Arguments of nvidia-smi that print what `parseGpuUse` reads. */
export const GPU_USE = ['--query-gpu=uuid,utilization.gpu,memory.used', '--format=csv,noheader,nounits'];

export interface GpuUse {
  /** Share of the driver's last sample period in which a kernel ran, 0 to 1; null where the driver does not know it. */
  readonly gpu_use: number | null;
  /** Memory in use on the card, by all processes; null where the driver does not know it. */
  readonly gpu_memory_bytes: number | null;
}

const MEBIBYTE = 2 ** 20;

/** @param queried output for GPU_USE. Cards in MIG mode have no figures of their own: `[N/A]`. */
export function parseGpuUse(queried: string): ReadonlyMap<string, GpuUse> {
  const entries = queried.split('\n').map((line): [string, GpuUse] => {
    const [uuid = '', percent = '', mebibytes = ''] = line.split(',').map((field) => field.trim());
    const use = numberIn(percent);
    const memory = numberIn(mebibytes);
    return [uuid, { gpu_use: use && use / 100, gpu_memory_bytes: memory && memory * MEBIBYTE }];
  });
  return new Map(entries.filter(([uuid]) => uuid !== ''));
}

const numberIn = (field: string): number | null => (/^\d+$/.test(field) ? Number(field) : null);

/** Ampere, the first generation whose tensor cores support bfloat16. */
const BFLOAT16_CAPABILITY = 8;
const CARD = /^GPU \d+: (.*) \(UUID: ([^)\s]+)\)\s*$/;
const MIG_DEVICE = /^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: ([^)\s]+)\)\s*$/;

/**
 * @param listed output of `nvidia-smi -L`
 * @param queried output for GPU_FIELDS; empty where the driver is too old for it, then bfloat16 is not offered
 */
export function parseGpuCards(listed: string, queried: string): GpuCard[] {
  const fields = new Map(
    queried.split('\n').map((line) => {
      const [uuid = '', capability = '', mig = ''] = line.split(',').map((field) => field.trim());
      return [uuid, { bfloat16: Number(capability) >= BFLOAT16_CAPABILITY, inMigMode: mig === 'Enabled' }];
    }),
  );
  const cards: (GpuCard & { mig: Gpu[] | null })[] = [];
  for (const line of listed.split('\n')) {
    const [, name, uuid] = CARD.exec(line) ?? [];
    if (name !== undefined && uuid !== undefined) {
      const { bfloat16 = false, inMigMode = false } = fields.get(uuid) ?? {};
      cards.push({ uuid, name, bfloat16, mig: inMigMode ? [] : null });
    }
    const [, profile, part] = MIG_DEVICE.exec(line) ?? [];
    const card = cards.at(-1);
    if (profile === undefined || part === undefined || card === undefined) continue;
    const device = { uuid: part, name: `${card.name} MIG ${profile}`, bfloat16: card.bfloat16 };
    cards[cards.length - 1] = { ...card, mig: [...(card.mig ?? []), device] };
  }
  return cards;
}

/**
 * The GPUs that CUDA_VISIBLE_DEVICES leaves visible, in its order. As in CUDA: absent shows all; the first entry that
 * names none ends the list; an entry that comes twice voids it. An index is that of `nvidia-smi -L`; a UUID may be cut
 * short where it stays unique.
 */
export function visibleGpus(cards: readonly GpuCard[], visible: string | undefined): Gpu[] {
  if (visible === undefined) return cards.flatMap(devicesOf);
  const chosen: Gpu[] = [];
  for (const entry of visible.split(',')) {
    const named = namedBy(entry.trim(), cards);
    if (named.length === 0) break;
    if (named.some(({ uuid }) => chosen.some((gpu) => gpu.uuid === uuid))) return [];
    chosen.push(...named);
  }
  return chosen;
}

function devicesOf(card: GpuCard): readonly Gpu[] {
  return card.mig ?? [card];
}

function namedBy(entry: string, cards: readonly GpuCard[]): readonly Gpu[] {
  if (/^\d+$/.test(entry)) return cards[Number(entry)] ? devicesOf(cards[Number(entry)] as GpuCard) : [];
  if (/^GPU-/i.test(entry)) return onlyOne(cards.filter(startsWith(entry))).flatMap(devicesOf);
  if (/^MIG-/i.test(entry)) return onlyOne(cards.flatMap((card) => card.mig ?? []).filter(startsWith(entry)));
  return [];
}

function startsWith(prefix: string): (gpu: Gpu) => boolean {
  return ({ uuid }) => uuid.toLowerCase().startsWith(prefix.toLowerCase());
}

function onlyOne<T>(found: readonly T[]): readonly T[] {
  return found.length === 1 ? found : [];
}
