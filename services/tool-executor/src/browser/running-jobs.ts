// The jobs that run in this process, so that they can be stopped: by a tool call here, or by a message from another executor.
import type { WorkflowKey } from '@troupe/contracts';
import { abortFilter, abortSubject, parseAbortSubject } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { z } from 'zod';
import { ToolError } from '../tool.ts';

/** A message at `agents.abort.<user>.<workflow>` that names a job; without one it is the kernel's (a run that may be over). */
const Abort = z.object({ job_id: z.string() });

export class RunningJobs {
  readonly #jobs = new Map<AbortController, WorkflowKey & { readonly jobId: string }>();

  /** The signal of a job that begins; disposing says that it ended. */
  begin({ user, workflow }: WorkflowKey, jobId: string): Disposable & { readonly signal: AbortSignal } {
    const controller = new AbortController();
    this.#jobs.set(controller, { user, workflow, jobId });
    return { signal: controller.signal, [Symbol.dispose]: () => this.#jobs.delete(controller) };
  }

  /** Stops the workflow's job; a job of another workflow is never touched. */
  stop({ user, workflow }: WorkflowKey, jobId: string): void {
    for (const [controller, job] of this.#jobs) {
      const meant = job.user === user && job.workflow === workflow && job.jobId === jobId;
      if (meant) controller.abort(jobCancelled());
    }
  }

  /** Listens for other processes' aborts until the connection closes. */
  listen(connection: Kernel['connection']): void {
    connection.subscribe(abortFilter, {
      callback: (error, message) => {
        const key = error === null ? parseAbortSubject(message.subject) : undefined;
        const abort = Abort.safeParse(jsonOf(message.data));
        if (key !== undefined && abort.success) this.stop(key, abort.data.job_id);
      },
    });
  }
}

/** Tells every executor, this one among them, to stop the job. */
export function publishAbort(connection: Kernel['connection'], key: WorkflowKey, jobId: string): void {
  connection.publish(abortSubject(key), JSON.stringify({ job_id: jobId } satisfies z.infer<typeof Abort>));
}

export const jobCancelled = (): ToolError =>
  new ToolError({
    code: 'job_cancelled',
    message: 'The job was cancelled.',
    hint: 'Start a new job if its result is still wanted.',
  });

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
