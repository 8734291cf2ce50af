/* check - `stscan check DOMAIN…`: the scan's own walk for single names, shown to a person. */
#ifndef SCANNER_CHECK_H
#define SCANNER_CHECK_H

/* Runs the command; argv[0] is its name. Returns an exit code: 0 every domain is healthy, 1 one has
 * a finding of effect B or F, 4 one could not be determined and none has such a finding; 2 usage;
 * else that of the scan that failed. */
int check_main(int argc, char **argv);

#endif
