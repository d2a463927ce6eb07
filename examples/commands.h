/* commands.h - the commands of the program, one file each */
/* SPDX-License-Identifier: MIT */
#ifndef COMMANDS_H
#define COMMANDS_H

/* Each takes its own line, argv[0] being the command's name, and returns an exit status. */
int cmd_summary(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_crossval(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_simulate(int argc, char **argv);

#endif
