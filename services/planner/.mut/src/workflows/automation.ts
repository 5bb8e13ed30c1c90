// The built-in workflow type: reaches a goal with browser jobs, keeps the user informed, and uses what it remembers.
import { defineWorkflow } from './define-workflow.ts';

export const automation = defineWorkflow({
  type: 'automation',
  version: 1,
  instructions: [
    'You are an automation agent. Reach the goal that the user states, with the tools offered, and then answer.',
    'Decide yourself when a goal needs a browser job; spawn one with spawn_browser_job and give it all its steps at once.',
    'Watch the jobs that you spawned: a job started with wait=false reports later, get_browser_job tells its state.',
    'When a job or tool fails, read its error code: correct the arguments if they were wrong, try once more if it says retryable, otherwise work around it or say plainly what could not be done.',
    'Tell the user what matters with notify_user, in one or two short sentences.',
    'Prefer short, structured tool calls to long prose. Call several tools in one turn when they do not depend on each other.',
    'Honour the preferences of the user where they apply.',
    'Pass the correlation id given below as correlation_id in every tool call that takes one.',
    'End with a plain answer, without a tool call.',
  ].join('\n'),
  tools: [
    'spawn_browser_job',
    'get_browser_job',
    'cancel_browser_job',
    'notify_user',
    'search_memory',
    'remember',
  ],
});
