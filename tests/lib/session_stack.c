/* session_stack.c - two stacks played by a script. */
#include "lib/session_stack.h"

#include <check.h>
#include <string.h>

static GBytes *text(const char *octets)
{
  return octets != NULL ? g_bytes_new(octets, strlen(octets)) : NULL;
}

static void node_drain(struct stack *stack, struct node *node);

/* The side's own step number n, or NULL. */
static const struct step *own_step(const struct stack *stack, int side, guint n)
{
  for (gsize i = 0; i < stack->steps; i++) {
    if (stack->script[i].side == side && n-- == 0)
      return &stack->script[i];
  }
  return NULL;
}

static void play(struct stack *stack, struct node *node, const struct step *step)
{
  struct session_primitive primitive = {.service = step->service,
                                        .kind = step->kind,
                                        .accepted = !step->refuse,
                                        .tokens = step->tokens,
                                        .serial = step->serial,
                                        .reason = step->reason,
                                        .user_data = text(step->data),
                                        .activity = text(step->activity),
                                        .old_activity = text(step->old_activity)};
  g_autoptr(GError) error = NULL;
  bool done = session_request(node->session, &primitive, &error);
  if (stack->strict)
    ck_assert_msg(done, "side %d: %s", node->side, error != NULL ? error->message : "");
  session_primitive_clear(&primitive);
}

/* Plays on from the next step: the one that waits for the name, then those that wait for nothing. */
static void advance(struct stack *stack, struct node *node, const char *name)
{
  const struct step *step;
  while ((step = own_step(stack, node->side, node->step)) != NULL && g_strcmp0(step->on, name) == 0) {
    node->step++;
    name = NULL;
    if (!step->quiet)
      play(stack, node, step);
  }
  if (stack->strict && name != NULL)
    ck_abort_msg("side %d: %s came; expected %s after %s", node->side, name,
                 step != NULL ? step->on : "the end", node->seen->str);
}

static void take_primitive(struct stack *stack, struct node *node, struct session_primitive *primitive)
{
  const char *name = session_primitive_name(primitive->service, primitive->kind);
  g_string_append_printf(node->seen, "%s ", name);
  g_free(node->last);
  node->last = g_strdup(name);
  if (primitive->service == S_DATA)
    g_ptr_array_add(node->data, g_bytes_ref(primitive->user_data));
  if (primitive->detail != NULL) {
    g_free(node->words);
    node->words = g_strdup(primitive->detail);
  }
  advance(stack, node, name);
}

static void drain_session(struct stack *stack, struct node *node)
{
  struct session_output output;
  while (session_next(node->session, &output)) {
    switch (output.type) {
    case SESSION_SEND:
      g_ptr_array_add(node->tsdus, g_bytes_ref(output.data));
      transport_send(node->transport, output.data);
      break;
    case SESSION_INDICATE:
      take_primitive(stack, node, &output.primitive);
      break;
    case SESSION_DISCONNECT:
      ck_assert(!node->disconnected);
      node->disconnected = true;
      transport_disconnect(node->transport, 128);
      break;
    case SESSION_TIMER:
      node->timer = output.ms;
      break;
    }
    session_output_clear(&output);
  }
}

static bool drain_transport(struct stack *stack, struct node *node)
{
  struct transport_output output;
  if (!transport_next(node->transport, &output))
    return false;
  switch (output.type) {
  case TRANSPORT_SEND: {
    gsize length;
    const guint8 *octets = g_bytes_get_data(output.data, &length);
    g_byte_array_append(node->wire, octets, (guint)length);
    break;
  }
  case TRANSPORT_CONNECT:
    transport_accept(node->transport);
    break;
  case TRANSPORT_CONNECTED:
    if (node->side == INITIATOR)
      advance(stack, node, NULL);
    break;
  case TRANSPORT_TSDU:
    session_tsdu(node->session, output.data);
    break;
  case TRANSPORT_CLOSED:
    node->down = true;
    session_transport_lost(node->session);
    break;
  case TRANSPORT_TIMER:
    break;
  }
  transport_output_clear(&output);
  return true;
}

static void node_drain(struct stack *stack, struct node *node)
{
  do
    drain_session(stack, node);
  while (drain_transport(stack, node));
}

static bool deliver(struct stack *stack, struct node *from, struct node *to)
{
  node_drain(stack, from);
  gsize part = MIN(MIN(stack->chop, stack->budget), from->wire->len - from->delivered);
  if (part == 0)
    return false;
  g_autofree guint8 *piece = g_memdup2(from->wire->data + from->delivered, part);
  from->delivered += part;
  stack->budget -= part;
  transport_input(to->transport, piece, part);
  node_drain(stack, to);
  return true;
}

void stack_run(struct stack *stack)
{
  struct node *a = &stack->nodes[INITIATOR], *b = &stack->nodes[RESPONDER];
  transport_connect(a->transport);
  bool moved = true;
  while (moved) {
    moved = deliver(stack, a, b);
    moved |= deliver(stack, b, a);
  }
  for (int i = 0; i < 2; i++) { /* an end that one side made closes TCP for the other */
    struct node *node = &stack->nodes[i];
    if (stack->budget == 0 || stack->nodes[1 - i].down)
      transport_lost(node->transport, "cut");
    node_drain(stack, node);
  }
}

void stack_init(struct stack *stack, const struct step *script, gsize steps,
                const struct session_options options[2], guint8 tpdu_size)
{
  *stack = (struct stack){
      .script = script, .steps = steps, .chop = G_MAXSIZE, .budget = G_MAXSIZE, .strict = true};
  for (int i = 0; i < 2; i++) {
    struct node *node = &stack->nodes[i];
    node->side = i;
    node->transport =
        transport_new(&(struct transport_options){.initiator = i == INITIATOR, .tpdu_size = tpdu_size});
    node->session = session_new(&options[i]);
    node->seen = g_string_new(NULL);
    node->data = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    node->tsdus = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    node->wire = g_byte_array_new();
  }
}

void stack_clear(struct stack *stack)
{
  for (int i = 0; i < 2; i++) {
    struct node *node = &stack->nodes[i];
    transport_free(node->transport);
    session_free(node->session);
    g_string_free(node->seen, TRUE);
    g_ptr_array_unref(node->data);
    g_ptr_array_unref(node->tsdus);
    g_byte_array_unref(node->wire);
    g_free(node->last);
    g_free(node->words);
  }
}
