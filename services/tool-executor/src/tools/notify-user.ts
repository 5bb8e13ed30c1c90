// notify_user: a short message for the user, written into the log and, where the operator set one, sent to a webhook. What was
// sent cannot be taken back: with a webhook the tool acts once, and never sends again what it may have sent.
import { z } from 'zod';
import { CorrelationId } from '@troupe/contracts';
import type { ToolContext } from '../tool.ts';
import { defineTool, ToolError } from '../tool.ts';

const WEBHOOK_TIMEOUT_MS = 5_000;

const Input = z.object({
  message: z.string().trim().min(1).max(500),
  level: z.enum(['info', 'warning', 'error']).default('info'),
  correlation_id: CorrelationId.optional(),
});
type Notification = z.infer<typeof Input>;

export const notifyUser = ({ webhookUrl }: { readonly webhookUrl: string | undefined }) =>
  defineTool({
    name: 'notify_user',
    description: 'Tells the user something in one or two short sentences.',
    input: Input,
    output: z.object({ notification_id: z.string(), delivered: z.enum(['log', 'webhook']) }),
    effect: webhookUrl === undefined ? 'idempotent' : 'once',
    timeoutSeconds: 10,
    async run({ message, level }, context) {
      const notification_id = `n_${context.effectId}`;
      const written = await context.write('notification.created', 'notification', {
        notification_id,
        level,
        message,
      });
      if (webhookUrl === undefined || written.kind === 'closed')
        return { notification_id, delivered: 'log' as const };
      await post(webhookUrl, { notification_id, message, level }, context);
      return { notification_id, delivered: 'webhook' as const };
    },
  });

async function post(
  url: string,
  { notification_id, message, level }: Notification & { notification_id: string },
  { user, workflow, correlationId, effectId, signal }: ToolContext,
): Promise<void> {
  const timeout = AbortSignal.timeout(WEBHOOK_TIMEOUT_MS);
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.any([signal, timeout]),
    headers: { 'content-type': 'application/json', 'idempotency-key': effectId },
    body: JSON.stringify({
      notification_id,
      user_id: user,
      workflow_id: workflow,
      level,
      message,
      // The log's own: what the model says of it counts for nothing.
      correlation_id: correlationId,
    }),
  }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw notAnswered(cause);
  });
  await response.body?.cancel();
  if (!response.ok) throw refused(response.status);
}

const refused = (status: number): ToolError =>
  new ToolError(
    {
      code: 'webhook_refused',
      message: `The operator's webhook answered ${status}. The message stands in the log all the same.`,
      hint: status >= 500 ? 'Try again later.' : 'The operator must mend AGENT_NOTIFY_WEBHOOK_URL.',
    },
    { retryable: status >= 500 },
  );

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function notAnswered(error: unknown): ToolError {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const sent = !NEVER_SENT.has(code);
  return new ToolError(
    {
      code: 'webhook_unreachable',
      message: `The operator's webhook did not answer${sent ? '; it may have received the message' : ''}.`,
      hint: sent ? 'Do not send the message again.' : 'Try again later.',
    },
    { retryable: !sent, outcome: sent ? 'unknown' : 'not_done', cause: error },
  );
}
