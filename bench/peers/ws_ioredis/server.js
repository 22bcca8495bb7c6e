// What most people would write on Node: one ioredis subscriber, one ws server, every message sent to every viewer of its
// channel. Written with care: buffers all the way (no decoding to text and back), no compression, one subscription a channel.
//
//   node server.js REDIS_URL     prints "ready PORT"; ends with its standard input
import { createServer } from "node:http";
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";

const redis = new Redis(process.argv[2]);
const viewers = new Map(); // channel -> Set of WebSockets

redis.on("messageBuffer", (channel, message) => {
  const watching = viewers.get(channel.toString());
  if (watching === undefined) return;
  for (const viewer of watching) viewer.send(message, { binary: false });
});

const http = createServer();
const server = new WebSocketServer({ noServer: true });

async function watch(channel, viewer) {
  let watching = viewers.get(channel);
  if (watching === undefined) {
    watching = new Set();
    viewers.set(channel, watching);
  }
  watching.add(viewer);
  viewer.on("close", () => {
    watching.delete(viewer);
    if (watching.size === 0 && viewers.get(channel) === watching) {
      viewers.delete(channel);
      redis.unsubscribe(channel);
    }
  });
  viewer.on("error", () => viewer.terminate());
  await redis.subscribe(channel);
  viewer.send('{"type":"hello"}');
}

http.on("upgrade", (request, socket, head) => {
  const session = /^\/api\/ws\/sessions\/([a-z0-9]+)/.exec(request.url)?.[1];
  if (session === undefined) {
    socket.destroy();
    return;
  }
  server.handleUpgrade(request, socket, head, (viewer) => watch(`gridcast:{session:${session}}:live`, viewer));
});

http.listen(0, "127.0.0.1", () => console.log(`ready ${http.address().port}`));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
