<?php
/**
 * Plugin Name: Edgepixel
 * Description: Visits, registrations and WooCommerce payments for Edgepixel.
 * Version: 1.0.0
 * Requires PHP: 7.4
 */

/** Who somebody is in Edgepixel: a user by number, a guest by a hash of the address, nobody by neither. */
function edgepixel_player(int $user_id, string $email = '', string $salt = ''): ?string {
    if ($user_id > 0) return "wp-$user_id";
    return $email === '' ? null : 'guest-' . substr(hash_hmac('sha256', strtolower(trim($email)), $salt), 0, 32);
}

/** What stands in the head of each page; with a player, the visitor is this player from now on. */
function edgepixel_tag(string $url, string $project, ?string $player): string {
    $tag = sprintf(
        '<script async src="%s/pixel.js" data-project="%s"></script>' . "\n",
        htmlspecialchars($url, ENT_QUOTES),
        htmlspecialchars($project, ENT_QUOTES)
    );
    return $player === null ? $tag : edgepixel_identify($player) . $tag;
}

function edgepixel_identify(string $player): string {
    return '<script>window.pixel=window.pixel||function(){(pixel.q=pixel.q||[]).push(arguments)};'
        . 'pixel("identify",' . json_encode(['player_id' => $player], JSON_HEX_TAG) . ')</script>' . "\n";
}

/** An event of something that happened now. `$name` is what it is known by: sent twice, it counts once. */
function edgepixel_event(string $type, string $name, string $player, int $now, array $more = []): array {
    return ['event_type' => $type, 'event_id' => $name, 'player_id' => $player, 'timestamp' => $now * 1000] + $more;
}

/** Money, as text with at most four places: WooCommerce has numbers such as 29.950000000000003. */
function edgepixel_money(string $transaction, float $amount, string $currency): array {
    $decimal = number_format(abs($amount), 4, '.', '');
    return ['transaction_id' => $transaction, 'amount' => $decimal, 'currency' => $currency];
}

/** Whether it is of no use to send the same again. A wrong key is mended, and what was kept goes out then. */
function edgepixel_settled(int $status): bool {
    return in_array($status, [202, 400], true);
}

// What follows needs WordPress.
if (!defined('ABSPATH')) return;

/**
 * Keeps an event until Edgepixel has answered for it, in a row of its own. WP-Cron's list would not do: it is one row for all,
 * and loses what one request adds while another one changes it.
 */
function edgepixel_keep(array $event): void {
    add_option("edgepixel_unsent_{$event['event_id']}", $event, '', 'no');
    add_action('shutdown', 'edgepixel_send');
}

/** Sends what is kept, after the page has gone out where the server can do that. */
function edgepixel_send(): void {
    global $wpdb;
    if (function_exists('fastcgi_finish_request')) fastcgi_finish_request();
    $names = $wpdb->get_col(
        "SELECT option_name FROM $wpdb->options WHERE option_name LIKE 'edgepixel\\_unsent\\_%' ORDER BY option_id LIMIT 100"
    );
    if ($names === []) return;
    $answer = wp_remote_post(EDGEPIXEL_URL . '/api/v1/events', [
        'headers' => ['Authorization' => 'Bearer ' . EDGEPIXEL_KEY, 'Content-Type' => 'application/json'],
        'body' => wp_json_encode(array_map('get_option', $names)),
        'timeout' => 10,
    ]);
    $status = (int) wp_remote_retrieve_response_code($answer);
    $body = wp_remote_retrieve_body($answer);
    if (edgepixel_settled($status)) array_map('delete_option', $names);
    if ($status !== 202 || json_decode($body)->rejected > 0) error_log("Edgepixel: $status $body");
}

// What could not be sent goes out within the hour after it can be.
add_action('edgepixel_retry', 'edgepixel_send');
add_action('init', function (): void {
    if (!wp_next_scheduled('edgepixel_retry')) wp_schedule_event(time(), 'hourly', 'edgepixel_retry');
});

add_action('wp_head', function (): void {
    echo edgepixel_tag(EDGEPIXEL_URL, EDGEPIXEL_PROJECT, edgepixel_player(get_current_user_id()));
}, 1);

add_action('user_register', function (int $user_id): void {
    edgepixel_keep(edgepixel_event('registration', "registration-$user_id", edgepixel_player($user_id), time()));
});

function edgepixel_buyer(WC_Order $order): string {
    $name = edgepixel_player($order->get_user_id(), $order->get_billing_email(), wp_salt());
    return $name ?? 'order-' . $order->get_id();
}

add_action('woocommerce_payment_complete', function (int $order_id): void {
    $order = wc_get_order($order_id);
    $money = edgepixel_money("order-$order_id", (float) $order->get_total(), $order->get_currency());
    edgepixel_keep(edgepixel_event('purchase', "purchase-$order_id", edgepixel_buyer($order), time(), $money));
});

add_action('woocommerce_order_refunded', function (int $order_id, int $refund_id): void {
    $order = wc_get_order($order_id);
    $money = edgepixel_money("refund-$refund_id", (float) wc_get_order($refund_id)->get_amount(), $order->get_currency());
    edgepixel_keep(edgepixel_event('refund', "refund-$refund_id", edgepixel_buyer($order), time(), $money));
}, 10, 2);

// The page of thanks says which visitor the buyer was, also where they have no account.
add_action('woocommerce_thankyou', function (int $order_id): void {
    echo edgepixel_identify(edgepixel_buyer(wc_get_order($order_id)));
});
