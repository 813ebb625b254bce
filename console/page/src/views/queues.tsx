/** Queues with their environments. */
import type { Overview } from "../api/contract.ts";
import { useRead } from "../api/use_read.ts";
import { Empty, Read } from "../parts/notice.tsx";
import { QueueLine } from "../parts/queue.tsx";

export function Queues() {
  const overview = useRead<Overview>("/api/overview", null);
  return (
    <>
      <h1>Queues</h1>
      <Read of={overview}>
        {(found) =>
          found.queues.length === 0 ? (
            <Empty>There is no queue.</Empty>
          ) : (
            <div class="tiles">
              {found.queues.map((queue) => (
                <section key={queue.name} class="card">
                  <QueueLine queue={queue} />
                  <p class="muted cut" title={queue.name}>
                    {queue.name}
                  </p>
                </section>
              ))}
            </div>
          )
        }
      </Read>
    </>
  );
}
