import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { isBegun, sendFile } from '../../parts/send-file.js';
import { Sent } from '../../parts/sent.js';
import { strata } from '../../server.js';

/** Sends an archive of images, and shows how much of it has left. */
export function UploadPanel() {
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState('');
  const [share, setShare] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [, go] = useLocation();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (file === null) return;
    setError(null);
    setShare(0);
    try {
      const { id } = await sendFile(file, setShare, (upload) => strata.datasets.create({ name, upload }));
      go(`/datasets/${id}`);
    } catch (thrown) {
      setError(thrown);
      setShare(null);
    }
  };
  return (
    <Panel
      title="Upload a dataset"
      note="A .zip or .tar.gz with a folder for each class (and, if you like, train, validation and test folders above), CIFAR's or MNIST's files, or an .npz. It is sent in pieces: after a break, choose the same file again, and the upload goes on where it was."
    >
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor="dataset-name">Name</label>
          <input id="dataset-name" value={name} onChange={({ target }) => setName(target.value)} required />
        </div>
        <div className="field">
          <label htmlFor="dataset-file">Archive</label>
          <input
            id="dataset-file"
            type="file"
            required
            onChange={({ target }) => setFile(target.files?.[0] ?? null)}
          />
        </div>
        <Problem error={error} />
        <Sent share={share} />
        <button type="submit" className="primary" disabled={share !== null || file === null}>
          {file !== null && isBegun(file) ? 'Continue the upload' : 'Upload'}
        </button>
      </form>
    </Panel>
  );
}
