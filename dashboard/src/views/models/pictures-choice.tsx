import { Field } from '../../parts/field.js';
import { problemsAt } from '../../parts/problems-at.js';
import { tarOf } from './tar.js';

const ARCHIVE = /\.(zip|tar|tgz|tar\.gz)$/i;
const ACCEPTED = 'image/jpeg,image/png,image/webp,.zip,.tar,.tgz,.gz';

/** The archive to send: the one that was chosen, or one that is made of the pictures. Null if nothing was chosen. */
export function archiveOf(files: readonly File[]): File | null {
  const [first] = files;
  if (first === undefined) return null;
  return files.length === 1 && ARCHIVE.test(first.name) ? first : tarOf(files);
}

/** Whether archives are among several files. They would be left out. */
const isMixed = (files: readonly File[]): boolean =>
  files.length > 1 && files.some(({ name }) => ARCHIVE.test(name));

interface Props {
  readonly files: readonly File[];
  readonly choose: (files: readonly File[]) => void;
  /** The answer to the last request. */
  readonly error: unknown;
}

/** The choice of pictures, or of one archive of them. */
export function PicturesChoice({ files, choose, error }: Props) {
  const problems = [
    ...(isMixed(files) ? ['Choose either one archive or pictures.'] : []),
    ...problemsAt(error, '/input/upload'),
  ];
  return (
    <Field
      id="batch-files"
      label="Pictures"
      problems={problems}
      isWide
      note="JPEG, PNG or WebP files, or one .zip or .tar of them. Sent in pieces: after a break, choose the same files again."
    >
      <input
        id="batch-files"
        type="file"
        multiple
        required
        accept={ACCEPTED}
        aria-invalid={problems.length > 0}
        onChange={({ target }) => {
          const chosen = [...(target.files ?? [])];
          target.setCustomValidity(isMixed(chosen) ? 'Choose either one archive or pictures.' : '');
          choose(chosen);
        }}
      />
    </Field>
  );
}
