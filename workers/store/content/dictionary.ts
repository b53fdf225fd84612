/**
 * The deflate dictionary of stored bytes: the JSON of messages, tools and headers, the events of a stream. It saves a sixth of
 * messages and half of short streams (measured on recorded sessions), because contents are small and repeat these texts.
 *
 * Stored bytes cannot be read without it: it never changes. A better one gets a coding of its own in compression.ts. Frequent
 * texts come last, where references to them are shortest.
 */
const TEXT = [
  'accept: application/json "accept-encoding":"gzip, deflate, br, zstd","anthropic-dangerous-direct-browser-access":"true"',
  '"x-stainless-arch":"x64","x-stainless-lang":"js","x-stainless-os":"Linux","x-stainless-package-version":"0.","x-stainless-retry-count":"0","x-stainless-runtime":"node","x-stainless-runtime-version":"v2","x-stainless-timeout":"600"',
  '"anthropic-beta":"claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,fine-grained-tool-streaming-2025-05-14,oauth-2025-04-20,effort-2025-11-24","anthropic-version":"2023-06-01"',
  '"content-type":"application/json","user-agent":"claude-cli/2.1. (external, cli)","user-agent":"Anthropic/JS ","x-app":"cli","x-claude-code-session-id":"',
  '"content-type":"text/event-stream; charset=utf-8","anthropic-organization-id":"","via":"1.1 google","x-should-retry":"true","retry-after":"',
  '"anthropic-ratelimit-requests-limit":"","anthropic-ratelimit-requests-remaining":"","anthropic-ratelimit-requests-reset":"2026-',
  '"anthropic-ratelimit-tokens-limit":"","anthropic-ratelimit-input-tokens-limit":"0000000","anthropic-ratelimit-output-tokens-remaining":"',
  '"anthropic-ratelimit-unified-status":"allowed","anthropic-ratelimit-unified-reset":"17","anthropic-ratelimit-unified-representative-claim":"five_hour","anthropic-ratelimit-unified-5h-status":"allowed","anthropic-ratelimit-unified-5h-utilization":"0.","anthropic-ratelimit-unified-7d-status":"allowed_warning","anthropic-ratelimit-unified-overage-status":"rejected","anthropic-ratelimit-unified-fallback-percentage":"0.5"',
  '{"type":"error","error":{"type":"invalid_request_error","message":"overloaded_error","rate_limit_error","api_error","authentication_error"},"request_id":"req_011C"}',
  '"input_schema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"type":"array","items":{"type":"string","description":"The "},"enum":["","default":false},"required":[""],"additionalProperties":false}}',
  '{"model":"claude-opus-4-sonnet-4-5-haiku-","messages":[],"system":[],"tools":[],"metadata":{"user_id":"{\\"device_id\\":\\"\\",\\"account_uuid\\":\\"\\",\\"session_id\\":\\""},"max_tokens":32000,"temperature":1,"thinking":{"type":"adaptive","budget_tokens":31999,"type":"enabled"},"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},"output_config":{"effort":"medium"},"stream":true}',
  "<system-reminder>\\nAs you answer the user's questions, you can use the following context:\\n# claudeMd\\nCodebase and user instructions are shown below. IMPORTANT: These instructions OVERRIDE any default behavior. This may or may not be relevant to your tasks.\\n</system-reminder>\\n",
  "<command-name></command-name>\\n<command-message></command-message>\\n<command-args></command-args><local-command-stdout></local-command-stdout>This session is being continued from a previous conversation that ran out of context.\\nThe file has been updated successfully. Here's the result of running `cat -n`\\nTodos have been modified successfully. No files found\\n",
  ' import { } from \\"./\\";\\nexport function (: string): Promise<void> {\\n  const = await return null;\\n  if (!) throw new Error(\\"\\nThe \\n    },\\n  });\\n}\\n\\n\\t\\t\\ttests passed error: warning: undefined is not file path directory command ',
  '{"type":"server_tool_use","id":"srvtoolu_01","name":"web_search","input":{"query":"","url":"https://"}}{"type":"web_search_tool_result","content":[{"type":"web_search_result","title":"","encrypted_content":"',
  '{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo',
  '{"type":"tool_use","id":"toolu_01","name":"TodoWrite","input":{"todos":[{"content":"","status":"completed","status":"in_progress","status":"pending","activeForm":""}]}}',
  '{"type":"tool_use","id":"toolu_01","name":"Grep","input":{"pattern":"","path":"/home/","output_mode":"content","-n":true}}{"type":"tool_use","id":"toolu_01","name":"Write","input":{"file_path":"/home/","content":""}}{"type":"tool_use","id":"toolu_01","name":"Edit","input":{"replace_all":false,"file_path":"/home/user/src/","old_string":"","new_string":""}}{"type":"tool_use","id":"toolu_01","name":"Read","input":{"file_path":"/Users/","offset":1,"limit":100}}{"type":"tool_use","id":"toolu_01","name":"Task","input":{"description":"","prompt":"","subagent_type":"general-purpose"}}',
  '{"type":"message","id":"msg_01","model":"claude-","role":"assistant","content":[{"type":"text","text":""}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard","inference_geo":"not_available"}}',
  'event: error\ndata: {"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"}}\n\n',
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":"claude-","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard","inference_geo":"not_available"}}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":""}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_01","name":"Bash","input":{}}}\n\nevent: ping\ndata: {"type": "ping"}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":""}}\n\nevent: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}\n\n',
  '{"role":"user","content":""}{"role":"system","content":"# Environment\\n - Primary working directory: "}{"role":"user","content":[{"type":"text","text":""},{"type":"tool_result","tool_use_id":"toolu_01","content":[{"type":"text","text":""}]}]}',
  '{"role":"user","content":[{"tool_use_id":"toolu_01","type":"tool_result","content":"","is_error":false}]}{"role":"assistant","content":[{"type":"text","text":""}]}',
  '{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":""},{"type":"text","text":""},{"type":"tool_use","id":"toolu_01","name":"Bash","input":{"command":"","description":""}}]}',
].join("");

/** 8 KB; deflate looks back 32 KB. */
export const DICTIONARY: Uint8Array = new TextEncoder().encode(TEXT);
