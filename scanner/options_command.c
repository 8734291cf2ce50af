/* options_command: the commands, in what their options are read alike. */
#include "scanner/options_table.h"

static const struct option_command commands[] = {
    {OPTIONS_SCAN, "stscan scan", .asks = true,
     .usage = "Usage: stscan [scan] [OPTIONS] [INPUT]\n\n"
              "Scans a list of domains for MTA-STS (RFC 8461) and writes one line of NDJSON for\n"
              "each. INPUT is a list, CSV or zone file, plain or compressed; - is stdin.\n",
     .closing =
         "Exit codes: 0 complete, 2 usage, 3 input unreadable, 4 output failed, 5 stopped by\n"
         "a signal, 6 stopped by the brake (--min-success). See stscan(1).\n"},
    {OPTIONS_CHECK, "stscan check", .asks = true, .operand = "DOMAIN",
     .usage = "Usage: stscan check [OPTIONS] DOMAIN...\n\n"
              "Looks at single domains and says in words what stands, what does not, and what to\n"
              "publish. Exit code 0: healthy, 1: faults that void the policy or block mail, 4:\n"
              "could not be determined.\n"},
    {OPTIONS_LINT, "stscan lint", .operand = "KIND", .data = true,
     .usage = "Usage: stscan lint [OPTIONS] record STRING...   TXT records at _mta-sts.DOMAIN\n"
              "       stscan lint [OPTIONS] policy FILE|-      the policy file; - is stdin\n"
              "       stscan lint [OPTIONS] tlsrpt STRING...   TXT records at _smtp._tls.DOMAIN\n"
              "       stscan lint [OPTIONS] match PATTERN HOST whether an mx pattern matches\n\n"
              "Judges without any network and prints one JSON object. Exit code 0: valid or\n"
              "matching; 1: not; 2: wrong usage. What follows the kind is data, also when it\n"
              "begins with a hyphen.\n"},
    {OPTIONS_VERIFY, "stscan verify", .operand = "OUTPUT",
     .usage =
         "Usage: stscan verify [OPTIONS] OUTPUT...\n\n"
         "Proves outputs (one scan, or all its shards in any order) whole: every input line\n"
         "has exactly one record, every frame can be read, records, certificates and metadata\n"
         "agree. Exit code 0: whole; 1: not, and every problem is named.\n"},
    {OPTIONS_CLASSIFY, "stscan classify", .operand = "FILE", .single = true,
     .usage = "Usage: stscan classify [OPTIONS] FILE\n\n"
              "Derives findings and verdicts again from the evidence in old records. FILE is\n"
              "NAME.ndjson, NAME.ndjson.zst or -.\n"},
};

const struct option_command *option_command(enum options_command command)
{
    size_t i = 0;
    while (commands[i].command != command)
        i++;
    return &commands[i];
}
