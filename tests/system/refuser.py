"""refuser.py - an SMTP server that refuses some recipients."""
import socketserver
import threading

REFUSAL = "550 5.1.1 no mailbox of that name here"


class Refuser(socketserver.ThreadingTCPServer):
    """An SMTP server that takes mail, but for recipients whose name begins with `nobody`."""
    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.port = self.server_address[1]
        self.taken = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 refuser.example")
        recipients = []
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"RCPT" and b"<nobody" in line.lower():
                self.say(REFUSAL)
            elif verb == b"RCPT":
                recipients.append(line.decode())
                self.say("250 2.1.5 ok")
            elif verb == b"DATA" and not recipients:
                self.say("554 5.5.1 no recipients")
            elif verb == b"DATA":
                self.say("354 go on")
                lines = []
                for data in self.rfile:
                    if data == b".\r\n":
                        break
                    lines.append(data)
                self.server.taken.append((recipients, b"".join(lines)))
                recipients = []
                self.say("250 2.0.0 ok")
            elif verb == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            elif verb == b"EHLO":
                self.say("250-refuser.example")
                self.say("250 ENHANCEDSTATUSCODES")
            else:
                recipients = [] if verb == b"RSET" else recipients
                self.say("250 2.0.0 ok")
