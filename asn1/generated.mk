# Compiles what asn1c generated, together with its mended skeletons, into one archive.  Called by the top Makefile with
# OUT (object folder), LIB (archive), GEN (generated sources), CC, FLAGS.  Generated code is not held to our warnings.
MAKEFLAGS += --no-builtin-rules
OBJECTS := $(patsubst $(GEN)/%.c,$(OUT)/%.o,$(wildcard $(GEN)/*.c))
$(LIB): $(OBJECTS)
	@rm -f $@; ar rcs $@ $(OBJECTS)
$(OUT)/%.o: $(GEN)/%.c $(dir $(LIB)).compiler
	@mkdir -p $(OUT)
	@$(CC) -std=gnu17 -g -w -fno-strict-aliasing $(FLAGS) -I$(GEN) -MMD -MP -c $< -o $@
-include $(wildcard $(OUT)/*.d)
