import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { bytes, clock, duration, percent } from '../format.js';
import { Problem } from '../parts/problem.js';
import { Scroll } from '../parts/scroll.js';
import { workersQuery } from '../queries.js';

export default function WorkersView() {
  const { data, error, isPending } = useQuery(workersQuery());
  return (
    <main className="page">
      <h1>Workers</h1>
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {data?.length === 0 && (
        <p>
          No worker is registered, so jobs wait. <code>npm start</code> starts one on this machine.
        </p>
      )}
      {data && data.length > 0 && (
        <Scroll label="Workers">
          <table className="list stacked">
            <thead>
              <tr>
                <th>Host</th>
                <th>Devices</th>
                <th>Slots</th>
                <th>Last heartbeat</th>
                <th>Versions</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ id, host, devices, slots, heartbeat_at: beat, versions, draining }) => (
                <tr key={id}>
                  <td>
                    {host} {draining && <span className="badge paused">draining</span>}
                    <div className="quiet">{id}</div>
                  </td>
                  <td>
                    {devices.map(({ kind, name, slots: count }) => (
                      <div key={name}>
                        {kind}: {name}, {count} {count === 1 ? 'slot' : 'slots'}
                      </div>
                    ))}
                  </td>
                  <td>
                    {slots.map(
                      (
                        {
                          state,
                          quarantine_s: left,
                          task,
                          job_id: job,
                          since,
                          busy_share: busy,
                          memory_bytes: memory,
                          ...gpu
                        },
                        index,
                      ) => (
                        <div key={index}>
                          <span className={`badge ${state}`}>{state}</span>{' '}
                          {left > 0 && (
                            <span className="quiet">
                              for {duration(left)}: the trainers of several jobs in a row ended without a
                              report;
                            </span>
                          )}{' '}
                          {job && <Link href={`/jobs/${job}`}>{task}</Link>}{' '}
                          {since && <span className="quiet">since {clock(since)}</span>}{' '}
                          <span className="quiet">
                            {busy !== null && `busy ${percent(busy)} of the last hour`}
                            {memory !== null && `, ${bytes(memory)} of memory`}
                            {gpu.gpu_use !== null && `, GPU at ${percent(gpu.gpu_use)}`}
                            {gpu.gpu_memory_bytes !== null &&
                              `, ${bytes(gpu.gpu_memory_bytes)} of its memory`}
                          </span>
                        </div>
                      ),
                    )}
                  </td>
                  <td>{clock(beat)}</td>
                  <td className="quiet">
                    {Object.entries(versions)
                      .map(([name, version]) => `${name} ${version}`)
                      .join(', ')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </main>
  );
}
