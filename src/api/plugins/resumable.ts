import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { JobsService } from '../../contract/client/service.js';
import { StrataError } from '../../contract/errors.js';
import { requireRoom } from '../../storage/disk.js';
import { openUploadPlace } from '../../storage/uploads/open.js';
import { KEPT_MS, type UploadPlace } from '../../storage/uploads/upload-place.js';
import type { FinishedUpload } from '../handler.js';
import { sharedLocks } from '../http/shared-locks.js';
import { type AccessOptions, authorize } from './access.js';
import { ProblemServer } from './tus-problems.js';

/** Uploads in pieces, with the tus protocol (https://tus.io, version 1.0.0). */
export interface ResumableUploads {
  /** Opens a complete upload. @throws StrataError not_found, upload_incomplete */
  open(tenant: string, id: string): Promise<FinishedUpload>;
}

export const NO_UPLOADS: ResumableUploads = {
  async open(_tenant, id) {
    throw noUpload(id);
  },
};

function noUpload(id: string): StrataError {
  return new StrataError('not_found', `There is no upload with the id ${id}.`);
}

export interface ResumableOptions {
  /** The store of blobs: uploads gather in its bucket, if it is one. Absent: a folder. */
  readonly blobUrl?: string | undefined;
  /** Folder of this host for uploads, or for copies of complete ones. */
  readonly folder: string;
  readonly limitBytes: number;
  /** Bytes that uploads leave free on the disk; absent: a share of it. */
  readonly reserveBytes?: number | undefined;
}

const LOOK_MS = 600_000;
const ID_LENGTH = 32;
const ID = /^[0-9a-f]{32}$/;

/** Authorises requests, and counts what tenants upload. */
interface UploadAccess extends AccessOptions {
  readonly service: AccessOptions['service'] &
    Pick<JobsService, 'forTenant' | 'forgetUploads' | 'uploadTurns'>;
}

/** A request as tus hands it on. */
interface TusRequest {
  readonly runtime?: { readonly node?: { readonly req?: unknown } } | undefined;
}

interface NewUpload {
  readonly id: string;
  readonly tenant: string;
}

/** The id of an upload by its name in the store. */
const idOf = (name: string) => name.slice(-ID_LENGTH);
const newUploadId = () => randomBytes(16).toString('hex');

/** Serves tus at /uploads. An upload belongs to its tenant: other tenants get 404. */
export async function serveResumableUploads(
  app: FastifyInstance,
  { blobUrl, folder, limitBytes, reserveBytes }: ResumableOptions,
  access: UploadAccess,
): Promise<ResumableUploads> {
  const place = await openUploadPlace(blobUrl, folder);
  const { store, nameOf } = place;
  const news = new WeakMap<IncomingMessage, NewUpload>();
  const datasetsOf = (tenant: string) => access.service.forTenant(tenant).datasets;
  const requireOwn = async (tenant: string, id: string) => {
    const upload = ID.test(id) ? await store.getUpload(nameOf(id)).catch(() => null) : null;
    if (upload?.metadata?.tenant === tenant) return upload;
    throw noUpload(id);
  };
  const newOf = ({ runtime }: TusRequest) => news.get(runtime?.node?.req as IncomingMessage);
  const tus = new ProblemServer({
    path: '/uploads',
    datastore: store,
    ...(Number.isFinite(limitBytes) && { maxSize: limitBytes }),
    // Pages of other sites may not use the API.
    allowedOrigins: () => false,
    namingFunction: (request) => nameOf(newOf(request)?.id ?? newUploadId()),
    generateUrl: (_, { path, id }) => `${path}/${idOf(id)}`,
    getFileIdFromRequest: (_, last) => (last !== undefined && ID.test(last) ? nameOf(last) : undefined),
    ...(place.isShared && { locker: locksOf(app, access.service) }),
    async onUploadCreate(request, upload) {
      return { metadata: { ...upload.metadata, tenant: newOf(request)?.tenant ?? null } };
    },
  });
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { id } = request.params as { id?: string };
    const tenant = request.principal?.tenant ?? '';
    if (id !== undefined) await requireOwn(tenant, id);
    if (place.disk !== null) await requireRoom(place.disk, announcedBytes(request), reserveBytes);
    const created = request.method === 'POST' ? { id: newUploadId(), tenant } : null;
    if (created !== null) {
      await datasetsOf(tenant).reserveUpload(created.id, bytesToReserve(request, limitBytes));
      news.set(request.raw, created);
    }
    hand(request.raw, id);
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value ?? '');
    reply.hijack();
    await tus.answer(request, reply);
    const touched = created?.id ?? id;
    if (touched !== undefined && !(await place.has(touched))) await datasetsOf(tenant).forgetUpload(touched);
  };
  await app.register(async (scope) => {
    // tus reads the body itself.
    scope.addContentTypeParser('application/offset+octet-stream', (_request, _payload, done) => done(null));
    const onRequest = [authorize('datasets:write', access), access.limits.onRequest];
    for (const url of ['/uploads', '/uploads/'])
      scope.route({ method: ['POST', 'OPTIONS'], url, onRequest, handler: answer });
    scope.route({ method: ['HEAD', 'PATCH', 'DELETE'], url: '/uploads/:id', onRequest, handler: answer });
  });
  forgetOldUploads(app, place, access.service);
  return {
    async open(tenant, id) {
      const { size, offset } = await requireOwn(tenant, id);
      if (size === undefined || offset !== size)
        throw new StrataError(
          'upload_incomplete',
          `The server has ${offset} bytes of this upload, of ${size ?? 'an unknown total'}.`,
        );
      if (place.isShared) await requireRoom(folder, size, reserveBytes);
      return { id, path: await place.fetch(id, size), remove: () => place.remove(id) };
    },
  };
}

/**
 * Makes a request what tus is to see: the address that was authorised, and no empty header of metadata, which clients
 * without any send (tuspy) and tus refuses.
 */
function hand(request: IncomingMessage, id: string | undefined): void {
  request.url = id === undefined ? '/uploads' : `/uploads/${id}`;
  if (request.headers['upload-metadata']?.toString().trim() !== '') return;
  delete request.headers['upload-metadata'];
  const { rawHeaders } = request;
  const at = rawHeaders.findIndex(
    (name, index) => index % 2 === 0 && name.toLowerCase() === 'upload-metadata',
  );
  if (at >= 0) rawHeaders.splice(at, 2);
}

/** Bytes that a request announces: the length of the upload that it begins, or of the piece that it sends. */
function announcedBytes({ method, headers }: FastifyRequest): number {
  const announced = method === 'POST' ? headers['upload-length'] : headers['content-length'];
  return method === 'POST' || method === 'PATCH' ? Number(announced) || 0 : Number.NEGATIVE_INFINITY;
}

/** Without an announced length, it may become as large as an upload can be. */
function bytesToReserve(request: FastifyRequest, limitBytes: number): number {
  const isAnnounced = request.headers['upload-length'] !== undefined;
  const bytes = Math.min(isAnnounced ? announcedBytes(request) : limitBytes, limitBytes);
  return Number.isFinite(bytes) ? Math.max(0, Math.floor(bytes)) : 0;
}

function locksOf(app: FastifyInstance, { uploadTurns }: UploadAccess['service']) {
  const onError = (error: unknown) => app.log.warn({ err: error }, 'the turn at an upload could not be kept');
  return sharedLocks({ turns: uploadTurns, idOf, onError });
}

function forgetOldUploads(app: FastifyInstance, place: UploadPlace, service: UploadAccess['service']): void {
  const forget = async () => {
    const kept = await place.deleteIdle(Date.now() - KEPT_MS, () => service.uploadTurns.findActive(KEPT_MS));
    await service.forgetUploads(kept, KEPT_MS);
  };
  const timer = setInterval(() => {
    forget().catch((error: unknown) => app.log.warn({ err: error }, 'old uploads could not be deleted'));
  }, LOOK_MS);
  app.addHook('onClose', async () => clearInterval(timer));
}
