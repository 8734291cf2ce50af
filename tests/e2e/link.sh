# Two network namespaces with a link between them, for scripts that have the network fail; sourced
# after common.sh.
# shellcheck shell=bash disable=SC2154

# enter_namespace: the script begins anew in a network namespace of its own; it ends with 77 where
# that cannot be had
enter_namespace() {
    local tool
    PATH=$PATH:/usr/sbin
    for tool in nft ip unbound nsenter; do
        command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
    done
    [ -z "${IN_NAMESPACE:-}" ] || return 0
    unshare -rn true 2>/dev/null || { echo "no network namespaces here"; exit 77; }
    unshare -rn nft add table inet faults 2>/dev/null || { echo "no nftables here"; exit 77; }
    IN_NAMESPACE=1 exec unshare -rn "$0"
}
# far COMMAND...: over there
far() { nsenter -t "$far" -n -- "$@"; }
is_apart() { [ "$(readlink "/proc/$far/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
# make_link: another namespace behind a link, held by a process that is added to pids. We have
# 10.99.0.1 and it has 10.99.0.2 and 127.0.0.0/8; what `serve` starts from now on is over there. lo
# is up here, or the kernel could not tell us that nobody answers.
make_link() {
    unshare -n sleep infinity &
    far=$!
    pids+=("$far")
    until_true "a second namespace" is_apart
    ip link set lo up && ip address del 127.0.0.1/8 dev lo &&
        ip link add near type veth peer name far netns "$far" &&
        ip address add 10.99.0.1/30 dev near && ip link set near up &&
        far ip link set lo up && far ip address add 10.99.0.2/30 dev far &&
        far ip link set far up && sysctl -qw net.ipv4.conf.all.route_localnet=1 &&
        far sysctl -qw net.ipv4.conf.all.route_localnet=1 &&
        ip route add 127.0.0.0/8 via 10.99.0.2 || { echo "cannot set up a link"; exit 77; }
    # shellcheck disable=SC2034
    serve_in=(nsenter -t "$far" -n --)
}
# unbound_conf ADDRESS STATEMENT...: of an unbound that serves there and asks simnet
unbound_conf() {
    cat <<CONF
server:
    interface: $1@53
    access-control: 10.99.0.0/30 allow
    module-config: "iterator"
    do-not-query-localhost: no
    local-zone: localhost nodefault
    cache-max-ttl: 2147483647
    num-threads: 1
    outgoing-range: 4096
    num-queries-per-thread: 4096
    username: ""
    chroot: ""
    directory: "$dir"
    pidfile: ""
    use-syslog: no
$(shift; printf '    %s\n' "$@")
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@$DNS_PORT
CONF
}
